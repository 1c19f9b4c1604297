import { asYamlText } from '../output/format.js';

/** A bundle that was published; `-o json` and `-o yaml` print this. */
export interface Publication {
  /** As `spec.registry.url` has it. */
  readonly url: string;
  readonly tag: string;
  readonly digest: string;
  /** Present if the tag was there before, with another digest. `bundle`: false if it was no bundle: an image, say. */
  readonly replaced?: { readonly digest: string; readonly bundle: boolean };
  /** The tag pointed to the same bundle already. */
  readonly unchanged?: true;
  /** The registry speaks plain HTTP. */
  readonly insecure?: true;
  readonly chart: { readonly name: string; readonly version: string; readonly files: number };
}

/** For people: what was published, and the lines of a WerfBundle that deploys it. Ends with a line end. */
export const asText = (published: Publication): string => {
  const { url, tag, digest, replaced, unchanged, insecure, chart } = published;
  const { name, version, files } = chart;
  const registry = { url, tag, ...(insecure && { insecure }) };
  const lines = [
    `published chart ${name} ${version} (${files} ${files === 1 ? 'file' : 'files'}) as ${url}:${tag}`,
    `digest ${digest}`,
    ...(replaced === undefined ? [] : [`replaced ${replaced.digest}${replaced.bundle ? '' : ', which was no bundle'}`]),
    ...(unchanged === undefined ? [] : ['unchanged: the tag pointed to it already']),
    '',
    'in a WerfBundle:',
    '',
    asYamlText({ spec: { registry } }),
  ];
  return lines.join('\n');
};
