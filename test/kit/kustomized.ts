import { parseAllDocuments } from 'yaml';
import type { Manifest } from './raw-api.js';

/** The objects of a text of several documents, each under `Kind name`; empty documents are left out. @throws Error for broken YAML */
export const objectsOf = (text: string): Readonly<Record<string, Manifest>> => {
  const objects = parseAllDocuments(text, { merge: true }).flatMap((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    const object = document.toJS() as Manifest | null;
    return object === null ? [] : [[`${object.kind} ${object.metadata.name}`, object] as const];
  });
  const names = objects.map(([name]) => name);
  const [twice] = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`${twice} is there twice`);
  return Object.fromEntries(objects);
};
