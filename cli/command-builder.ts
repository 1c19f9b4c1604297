import type { Command } from 'commander';
import type { Terminal } from './terminal.js';

/** Makes a command: its usage, and an action that ends with `terminal.end`, or throws what `cli/run-command.ts` says. */
export type CommandBuilder = (terminal: Terminal, program: { readonly version: string }) => Command;
