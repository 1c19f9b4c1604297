import { type ServerProgram, startServerProgram } from './server-program.js';

/** dist/webhook.js, running. */
export type WebhookProgram = ServerProgram;

/** Starts dist/webhook.js: see {@link startServerProgram}. */
export const startWebhookProgram = (
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<WebhookProgram> => startServerProgram('webhook', { dir, args, env });
