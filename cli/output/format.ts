import { type Command, Option } from 'commander';
import { Document, visit } from 'yaml';
import { plainScalar } from '../../api/values/yaml-scalar.js';
import { misuse } from '../command-error.js';

/** How a result can be printed. `text` is for people. */
export type Format = 'text' | 'wide' | 'name' | 'json' | 'yaml';

/**
 * Adds `-o, --output`, which takes these formats.
 * @param what - what is printed so, for the help
 */
export const withOutput = (
  command: Command,
  formats: readonly Exclude<Format, 'text'>[],
  what = 'how to print it',
): Command =>
  command.addOption(
    new Option('-o, --output <format>', what).choices(formats).argParser((text: string) => {
      if (formats.includes(text as never)) return text;
      throw misuse(`--output: ${JSON.stringify(text)} is none of ${formats.join(', ')}`);
    }),
  );

/** For programs: as kubectl indents it. */
export const asJsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 4)}\n`;

/**
 * YAML without anchors and folded lines, which kubectl prints neither. A text that kubectl would read as something else is in quotes:
 * the parser's own rules are those of YAML 1.2, where `y` and `0b1` are texts.
 */
export const asYamlText = (value: unknown): string => {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && plainScalar(node.value).kind !== 'text') node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 });
};
