// Writes what the programs are made of, in CycloneDX: all that package-lock.json has beside the tools. The same sources, by the
// same npm, give the same bytes.
//   npm run -s build:sbom -- [--output FILE]
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
const { name, version, description, license } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const { values } = parseArgs({ options: { output: { type: 'string' } } });

// Not with --omit dev: npm 11 then leaves out what the tools need as well, semver for example.
const told = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
const { metadata, ...all } = JSON.parse(told);
const isTool = ({ properties = [] }) => properties.some(({ name: flag }) => flag === 'cdx:npm:package:development');
const tools = new Set(all.components.filter(isTool).map((component) => component['bom-ref']));
const components = all.components.filter((component) => !tools.has(component['bom-ref']));
const dependencies = all.dependencies
  .filter(({ ref }) => !tools.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => !tools.has(other)) }));
// npm calls the project by its folder; and a number of this run, and its moment, are no part of the sources.
const itself = {
  'bom-ref': metadata.component['bom-ref'],
  type: 'application',
  name,
  version,
  description,
  purl: `pkg:npm/${name}@${version}`,
  licenses: [{ license: { id: license } }],
};
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { lifecycles: metadata.lifecycles, tools: metadata.tools, component: itself },
  components,
  dependencies,
};
const text = `${JSON.stringify(bom, null, 2)}\n`;
if (values.output === undefined) process.stdout.write(text);
else writeFileSync(values.output, text);
