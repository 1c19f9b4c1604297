import { isIPv6 } from 'node:net';
import { readExpression } from '../regular-expression.js';
import type { Budget } from './budget.js';
import { expressionSize } from './expression-size.js';
import { parseGoUrl } from './go-url.js';

/** Whether a text is of a format. */
type Format = (text: string) => boolean;

const isJsonPointer: Format = (text) => text === '' || (text.startsWith('/') && !/~(?![01])/.test(text));

const isRelativePointer: Format = (text) => {
  const [whole = ''] = /^(?:0|[1-9]\d*)/.exec(text) ?? [];
  const rest = text.slice(whole.length);
  return whole !== '' && !/^\d/.test(rest) && (rest === '#' || isJsonPointer(rest));
};

const UUID = /^[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12}$/;
/** Helm's takes `P1DT1H`, `P1YT1M`, and `P1W`. */
const DURATION = /^P(?:\d+W|(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)$/;

/** Helm's reads a sign before a number, which nobody writes. */
const isIpv4: Format = (text) => {
  const parts = text.split('.');
  return (
    parts.length === 4 && parts.every((part) => /^(?:0|[+-]?[1-9]\d*|[+-]0+\d*)$/.test(part) && inByte(Number(part)))
  );
};

const inByte = (number: number): boolean => number >= 0 && number <= 255;

const isIpv6: Format = (text) => !text.includes('%') && isIPv6(text);

const LABEL = /^(?!-)[A-Za-z\d-]{1,63}(?<!-)$/;

const isHostname: Format = (text) => {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return Buffer.byteLength(name) <= 253 && name.split('.').every((label) => LABEL.test(label));
};

const LOCAL = /^(?!\.)(?!.*\.\.)[A-Za-z\d.!#$%&'*+\-/=?^_`{|}~]*(?<!\.)$/;

const isEmail: Format = (text) => {
  const at = text.lastIndexOf('@');
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 0 || Buffer.byteLength(text) > 254 || Buffer.byteLength(local) > 64) return false;
  const isQuoted = local.length > 1 && local.startsWith('"') && local.endsWith('"');
  if (isQuoted ? /[\\"]/.test(local.slice(1, -1)) : !LOCAL.test(local)) return false;
  if (!domain.startsWith('[') || !domain.endsWith(']')) return isHostname(domain);
  const address = domain.slice(1, -1);
  return address.startsWith('IPv6:') ? isIpv6(address.slice('IPv6:'.length)) : isIpv4(address);
};

const isDate: Format = (text) => {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year === undefined || Number(month) < 1 || Number(month) > 12) return false;
  const days = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  return Number(day) >= 1 && Number(day) <= days;
};

const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[zZ]|([+-])(\d\d):(\d\d))$/;

const isTime: Format = (text) => {
  const [whole, hour, minute, second, sign, byHours = 0, byMinutes = 0] = TIME.exec(text) ?? [];
  if (whole === undefined) return false;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return false;
  if (Number(byHours) > 23 || Number(byMinutes) > 59) return false;
  if (Number(second) < 60) return true;
  // A second is inserted at midnight of UTC only.
  const offset = (Number(byHours) * 60 + Number(byMinutes)) * (sign === '+' ? -1 : 1);
  const inUtc = Number(hour) * 60 + Number(minute) + offset;
  return (inUtc < 0 ? inUtc + 24 * 60 : inUtc) === 24 * 60 - 1;
};

const isDateTime: Format = (text) =>
  /^[tT]$/.test(text.charAt(10)) && isDate(text.slice(0, 10)) && isTime(text.slice(11));

const isPeriod: Format = (text) => {
  const slash = text.indexOf('/');
  const [start, end] = [text.slice(0, slash), text.slice(slash + 1)];
  if (slash < 0) return false;
  if (start.startsWith('P')) return DURATION.test(start) && isDateTime(end);
  return isDateTime(start) && (end.startsWith('P') ? DURATION.test(end) : isDateTime(end));
};

const isUri: Format = (text) => (parseGoUrl(text)?.scheme ?? '') !== '';
const isUriReference: Format = (text) => !text.includes('\\') && parseGoUrl(text) !== undefined;

/** Braces alternate within each part of the path. */
const isUriTemplate: Format = (text) =>
  parseGoUrl(text)
    ?.path.split('/')
    .every((part) => /^(?:[^{}]*\{[^{}]*\})*[^{}]*$/.test(part)) === true;

const CORE = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)$/;
const NAMED = /^[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*$/;

const isSemver: Format = (text) => {
  const plus = text.indexOf('+');
  if (plus >= 0 && !NAMED.test(text.slice(plus + 1))) return false;
  const version = plus < 0 ? text : text.slice(0, plus);
  const dash = version.indexOf('-');
  const before = dash < 0 ? '' : version.slice(dash + 1);
  if (dash >= 0 && (!NAMED.test(before) || before.split('.').some((part) => /^0\d+$/.test(part)))) return false;
  return CORE.test(dash < 0 ? version : version.slice(0, dash));
};

/** The formats that Helm's library knows, but for `regex`; any other name means nothing to it. */
const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['json-pointer', isJsonPointer],
  ['relative-json-pointer', isRelativePointer],
  ['uuid', (text) => UUID.test(text)],
  ['duration', (text) => DURATION.test(text)],
  ['period', isPeriod],
  ['ipv4', isIpv4],
  ['ipv6', isIpv6],
  ['hostname', isHostname],
  ['email', isEmail],
  ['date', isDate],
  ['time', isTime],
  ['date-time', isDateTime],
  ['uri', isUri],
  ['iri', isUri],
  ['uri-reference', isUriReference],
  ['iri-reference', isUriReference],
  ['uri-template', isUriTemplate],
  ['semver', isSemver],
]);

/** The format of a name, as Helm has it: of a text longer than 10,000 characters nothing is. undefined: it has none of that name. */
export const formatNamed = (name: string): Format | undefined => {
  const format = FORMATS.get(name);
  return format && ((text) => text.length <= MAX_TEXT && format(text));
};

/** Some of the expressions take more time than linear. */
const MAX_TEXT = 10_000;

/** Of an expression that stands in the values, as {@link expressionSize} counts: to read it takes a tenth of a second at the worst. */
const MAX_EXPRESSION = 10_000;
/** What each of it costs of the budget: some microseconds. */
const STEPS = 10;

/** Whether a text is an expression, which costs as much as it becomes: whoever writes values may write a few letters that become millions. */
export const isExpression = (text: string, budget: Budget): boolean => {
  const size = text.length > MAX_EXPRESSION ? Number.POSITIVE_INFINITY : expressionSize(text);
  if (size > MAX_EXPRESSION) budget.exhaust();
  return !budget.spend(size * STEPS) || readExpression(text).kind === 'ok';
};
