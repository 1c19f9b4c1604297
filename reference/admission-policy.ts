import type { Cel } from '../api/rules/cel.js';
import type { Rule } from '../api/rules/rule.js';
import { RULES } from '../api/rules.js';
import { page, table } from './markdown.js';

type Row = readonly [id: string, name: string, what: string, more: string];

/** The rules that are held in one way, with what there is to say of it. */
const rowsOf = <Kind extends Cel['kind']>(
  kind: Kind,
  more: (cel: Extract<Cel, { readonly kind: Kind }>) => string,
): readonly Row[] =>
  Object.entries(RULES).flatMap(([name, { id, what, cel }]: [string, Rule]): readonly Row[] =>
    isOf(cel, kind) ? [[`[${id}](../rules.md#${id.toLowerCase()})`, `\`${name}\``, what, more(cel)]] : [],
  );

const isOf = <Kind extends Cel['kind']>(cel: Cel, kind: Kind): cel is Extract<Cel, { readonly kind: Kind }> =>
  cel.kind === kind;

const NOT_REFUSED = rowsOf('not-refused', ({ why }) => why);
const REASONS = [...new Set(NOT_REFUSED.map(([, , , why]) => why))];

const ABOUT = `What becomes of each [rule](../rules.md) where no webhook answers, and the [admission policy](../admission-policy.md) is installed. Without it, only the
second table holds. The controller judges a stored bundle by all rules of its spec, whoever let it in.`;

/** docs/reference/admission-policy.md: which rules hold without the webhook, and why the others don't. */
export const admissionPolicyPage = (): string =>
  page({ title: 'Rules without the webhook', from: 'api/rules.ts', about: ABOUT }, [
    {
      heading: 'Held by the admission policy',
      text: table(
        ['Id', 'Name', 'What is refused', 'But not'],
        rowsOf('policy', ({ except = '' }) => except),
      ),
    },
    {
      heading: "Held by the CRD's schema",
      text: table(
        ['Id', 'Name', 'What is refused'],
        rowsOf('schema', () => '').map((row) => row.slice(0, 3)),
      ),
    },
    {
      heading: 'Held by the webhook alone',
      text: table(
        ['Id', 'Name', 'What is let in', 'Why'],
        rowsOf('not-expressible', ({ why }) => why),
      ),
    },
    {
      heading: 'Not refused by the webhook either',
      text: REASONS.map(
        (reason) =>
          `- ${reason}: ${NOT_REFUSED.filter(([, , , why]) => why === reason)
            .map(([id]) => id)
            .join(', ')}`,
      ).join('\n'),
    },
  ]);
