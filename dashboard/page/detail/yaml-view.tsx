import { CopyButton } from '../look/copy-button.js';
import { Section } from '../look/section.js';

/** The bundle as it is stored. */
export const YamlView = ({ yaml }: { readonly yaml: string }) => (
  <Section title="YAML" aside={<CopyButton text={yaml} what="the YAML" />}>
    <pre class="yaml">{yaml.split('\n').flatMap((line, at) => [...lineParts(line, at), '\n'])}</pre>
  </Section>
);

/** Keys stand out; nothing else of YAML is understood here. */
const lineParts = (line: string, at: number) => {
  const [, indent = '', key, rest = ''] = /^([\s-]*)([\w./-]+:)( .*|)$/.exec(line) ?? [];
  if (key === undefined) return [line];
  return [
    indent,
    <span key={at} class="yaml-key">
      {key}
    </span>,
    rest,
  ];
};
