// Makes api/generated/* from the CRD, and docs/rules.md from the table of rules. With --check it writes nothing and exits 1 if a file is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { buildSync } from 'esbuild';
import { compile } from 'json-schema-to-typescript';
import { parse } from 'yaml';

const here = import.meta.dirname;
const source = 'manifests/crd/werfbundles.werf.io.yaml';
const banner = `// Generated from ${source} by \`npm run generate\`; not to be edited.\n`;

const crd = parse(readFileSync(join(here, '..', source), 'utf8'), { merge: true });
const root = crd.spec.versions[0].schema.openAPIV3Schema;

/** Deep copy, each object of the schema mapped on the way up. */
const mapSchema = (schema, map) => {
  if (schema === null || typeof schema !== 'object') return schema;
  if (Array.isArray(schema)) return schema.map((item) => mapSchema(item, map));
  return map(Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, mapSchema(value, map)])));
};

// What Kubernetes says in keywords of its own, said in JSON Schema's.
const jsonSchema = (schema) =>
  mapSchema(schema, (node) => {
    const { 'x-kubernetes-preserve-unknown-fields': open, 'x-kubernetes-int-or-string': intOrString, ...rest } = node;
    const plain = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('x-kubernetes-')));
    // `type: integer` beside `format: int64` is enough for a JSON number; formats are judged by rules of api/.
    if (typeof plain.format === 'string') delete plain.format;
    if (intOrString === true) {
      const { anyOf: _, maxLength, ...others } = plain;
      return { ...others, anyOf: [{ type: 'integer' }, { type: 'string', maxLength }] };
    }
    if (plain.type === 'object') return { ...plain, additionalProperties: open === true };
    return plain;
  });

const types = async () => {
  const compileType = async (schema, name) =>
    compile({ ...jsonSchema(schema), title: name }, name, {
      bannerComment: '',
      additionalProperties: false,
      format: true,
      style: { singleQuote: true, printWidth: 120 },
      unreachableDefinitions: false,
      ignoreMinAndMaxItems: true,
    });
  const spec = await compileType(root.properties.spec, 'WerfBundleSpec');
  // A status is written piece by piece: every field may be missing.
  const status = await compileType({ ...root.properties.status, default: undefined }, 'WerfBundleStatus');
  return `${banner}\n${spec}\n${status}`;
};

const schemaModule = () => {
  const spec = JSON.stringify(root.properties.spec, null, 2);
  return `${banner}\n/** The schema of spec as the CRD has it, defaults included. */\nexport const specSchema = ${spec} as const;\n`;
};

const validator = () => {
  // Unknown fields are not the validator's business: the apiserver prunes them, and the command line looks for them itself.
  const schema = mapSchema(jsonSchema(root.properties.spec), (node) => {
    const { additionalProperties: _, default: __, description: ___, ...rest } = node;
    return rest;
  });
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    unicodeRegExp: true,
    code: { source: true, esm: true, lines: true },
  });
  const code = standaloneCode(ajv, ajv.compile(schema));
  // ajv's ES module output still calls require for its run-time parts: bundled here, so that nothing has to resolve them later.
  const bundled = buildSync({
    stdin: { contents: code, resolveDir: here, loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'none',
  });
  return `${banner}${bundled.outputFiles[0].text}`;
};

const validatorTypes = `${banner}
import type { ErrorObject } from 'ajv';
import type { WerfBundleSpec } from './werfbundle.js';

declare const validate: ((spec: unknown) => spec is WerfBundleSpec) & { errors?: ErrorObject[] | null };
export default validate;
`;

const RULES_INTRODUCTION = `<!-- Generated from api/rules.ts by \`npm run generate\`; not to be edited. -->

# Rules

What \`werfbundle validate\`, the webhook and the controller can find in a bundle, by the id that the command line shows. An id is given once: it
always means the same rule, so it can stand in a CI's settings. Problems are refused by the webhook as well; a warning can be left out
by \`--ignore-rule ID\`. An example is the \`spec\` of a bundle, or whole objects.

| Id | Name | Is a |
|---|---|---|
`;

/** The reference of all rules. */
const rulesDocument = async () => {
  const { outputFiles } = buildSync({
    entryPoints: [join(here, 'rules.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    charset: 'utf8',
  });
  const { RULES } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
  const rules = Object.entries(RULES).toSorted(([, one], [, other]) => (one.id < other.id ? -1 : 1));
  const word = ({ severity }) => (severity === 'error' ? 'problem' : 'warning');
  const rows = rules.map(
    ([name, rule]) => `| [${rule.id}](#${rule.id.toLowerCase()}) | \`${name}\` | ${word(rule)} |\n`,
  );
  const sections = rules.map(([name, { id, what, mend, example }]) => {
    const shown = example === undefined ? '' : `\n\`\`\`yaml\n${example.trim()}\n\`\`\`\n`;
    return `\n## ${id}\n\n\`${name}\`: ${what} ${mend}\n${shown}`;
  });
  return `${RULES_INTRODUCTION}${rows.join('')}${sections.join('')}`;
};

const outputs = {
  '../docs/rules.md': await rulesDocument(),
  'generated/werfbundle.ts': await types(),
  'generated/spec-schema.ts': schemaModule(),
  'generated/validate-spec.js': validator(),
  'generated/validate-spec.d.ts': validatorTypes,
};

const current = (file) => {
  try {
    return readFileSync(join(here, file), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const nameOf = (file) => join('api', file);

const stale = Object.entries(outputs).filter(([file, text]) => current(file) !== text);
if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${nameOf(file)} is stale: run "npm run generate" and commit the result`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [file, text] of stale) {
    writeFileSync(join(here, file), text);
    console.log(`wrote ${nameOf(file)}`);
  }
}
