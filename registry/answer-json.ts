import { isMap, type JsonMap } from '../api/schema-node.js';

/** The JSON object in an answer's body; undefined if it is anything else. Never throws. */
export function jsonObject(body: Buffer): JsonMap | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return isMap(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
