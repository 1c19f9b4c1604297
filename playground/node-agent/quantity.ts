const QUANTITY = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/;
const DECIMAL = ['k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const factorOf = (suffix: string): number => {
  if (suffix === '') return 1;
  if (suffix === 'm') return 0.001;
  if (DECIMAL.includes(suffix)) return 1000 ** (DECIMAL.indexOf(suffix) + 1);
  if (BINARY.includes(suffix)) return 1024 ** (BINARY.indexOf(suffix) + 1);
  return 10 ** Number(suffix.slice(1));
};

/**
 * A quantity that the apiserver has accepted, as a number of bytes or cores: `128Mi`, `500m`, `1`.
 * @returns undefined for what is no quantity; precise to 53 bits, which is enough to compare limits with
 */
export const quantity = (text: string | number | undefined): number | undefined => {
  const match = QUANTITY.exec(String(text ?? ''));
  return match === null ? undefined : Number(match[1]) * factorOf(match[2] ?? '');
};
