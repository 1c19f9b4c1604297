// Runs the specs, after a build: node test/run.mjs --help says how. It compiles everything once; the rest is test/runner/main.ts.
import { join } from 'node:path';
import { COMPILED, compileSpecs } from './compile.mjs';

await compileSpecs();
await import(join(COMPILED, 'test', 'runner', 'main.js'));
