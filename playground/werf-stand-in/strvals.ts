import { isMap } from '../../api/json-map.js';
import { type Values, ValuesError } from './values.js';

/** Whether there is more text after what was read. */
type Rest = 'more' | 'end';

interface Read {
  readonly text: string;
  /** The character that ended it; undefined: the end of everything. */
  readonly stop: string | undefined;
}

interface ReadList {
  readonly list: readonly unknown[];
  readonly rest: Rest;
}

/** helm's MaxIndex. */
const MAX_INDEX = 65_536;
/** helm's MaxNestedNameLevel. */
const MAX_LEVEL = 30;

/**
 * Adds what one `--set` or `--set-string` says, as helm's strvals does, oddities included: `a.b=1,c=x,l[0]=y,m={1,2}`. Names nest at
 * dots, `\` takes the meaning from the next character; `--set` makes bools, null and integers of 64 bits, `--set-string` texts only.
 * Pure.
 * @throws ValuesError in helm's words, which may quote names, or what is taken for one
 */
export const addSet = (values: Values, text: string, flag: 'set' | 'set-string'): Values => {
  const grown = structuredClone(values);
  try {
    new Parser(text, flag === 'set' ? guessed : (read) => read).addTo(grown);
  } catch (error) {
    if (error instanceof ValuesError) throw new ValuesError(`failed parsing --${flag} data: ${error.message}`);
    throw error;
  }
  return grown;
};

/** Reads one text, and changes the maps that it is given. */
class Parser {
  readonly #text: string;
  readonly #typed: (text: string) => unknown;
  #at = 0;

  constructor(text: string, typed: (text: string) => unknown) {
    this.#text = text;
    this.#typed = typed;
  }

  addTo(values: Values): void {
    while (this.#name(values, 0) === 'more');
  }

  #name(map: Values, level: number): Rest {
    const { text: name, stop } = this.#until('=[,.');
    switch (stop) {
      case undefined:
        if (name === '') return 'end';
        throw new ValuesError(`key ${quoted(name)} has no value`);
      case ',':
        throw new ValuesError(`key ${quoted(name)} has no value (cannot end with ,)`);
      case '=':
        return this.#assign(map, name);
      case '[':
        return this.#listNamed(map, name, level);
      default:
        return this.#mapNamed(map, name, level + 1);
    }
  }

  #assign(map: Values, name: string): Rest {
    const { value, rest } = this.#value();
    put(map, name, value);
    return rest;
  }

  #mapNamed(map: Values, name: string, level: number): Rest {
    if (level > MAX_LEVEL) {
      throw new ValuesError(`value name nested level is greater than maximum supported nested level of ${MAX_LEVEL}`);
    }
    const inner = Object.hasOwn(map, name) ? map[name] : {};
    if (!isMap(inner)) throw misfit(inner, 'map[string]interface {}');
    const rest = this.#name(inner, level);
    const isEmpty = Object.keys(inner).length === 0;
    if (rest === 'more' && isEmpty) throw new ValuesError(`key map ${quoted(name)} has no value`);
    if (!isEmpty) put(map, name, inner);
    return rest;
  }

  #listNamed(map: Values, name: string, level: number): Rest {
    const index = this.#index();
    const before = Object.hasOwn(map, name) ? map[name] : [];
    if (!Array.isArray(before)) throw misfit(before, '[]interface {}');
    const { list, rest } = this.#item(before, index, level);
    put(map, name, list);
    return rest;
  }

  /** Reads what follows an index, and puts it into the list. A text that ends early leaves the list as it was. */
  #item(list: readonly unknown[], index: number, level: number): ReadList {
    if (index < 0) throw new ValuesError(`negative ${index} index not allowed`);
    const { text, stop } = this.#until('[.=');
    if (text !== '') {
      const letters = [...text].map((letter) => `'${letter}'`).join(' ');
      throw new ValuesError(`unexpected data at end of array index: [${letters}]`);
    }
    switch (stop) {
      case undefined:
        return { list, rest: 'end' };
      case '=':
        return { list: withItem(list, index, this.#value().value), rest: 'more' };
      case '[':
        return this.#innerList(list, index, level);
      default:
        return this.#innerMap(list, index, level);
    }
  }

  #innerList(list: readonly unknown[], index: number, level: number): ReadList {
    const next = this.#index();
    const before = list[index] ?? [];
    if (!Array.isArray(before)) throw misfit(before, '[]interface {}');
    const { list: inner, rest } = this.#item(before, next, level);
    return rest === 'end' ? { list, rest } : { list: withItem(list, index, inner), rest };
  }

  #innerMap(list: readonly unknown[], index: number, level: number): ReadList {
    const before = list[index];
    const inner = isMap(before) ? before : {};
    const rest = this.#name(inner, level);
    // In an existing list, the item has become a map by now.
    if (rest === 'more' || index < list.length) return { list: withItem(list, index, inner), rest };
    return { list, rest };
  }

  #index(): number {
    const { text, stop } = this.#until(']');
    if (stop === undefined) throw new ValuesError('error parsing index: EOF');
    if (/^[+-]?\d+$/.test(text)) return Number(text);
    throw new ValuesError(`error parsing index: strconv.Atoi: parsing ${quoted(text)}: invalid syntax`);
  }

  #value(): { readonly value: unknown; readonly rest: Rest } {
    if (this.#at === this.#text.length) return { value: '', rest: 'end' };
    if (this.#text[this.#at] !== '{') return { value: this.#typed(this.#until(',').text), rest: 'more' };
    this.#at += 1;
    return { value: this.#list(), rest: 'more' };
  }

  #list(): readonly unknown[] {
    const list: unknown[] = [];
    for (;;) {
      const { text, stop } = this.#until(',}');
      if (stop === undefined) throw new ValuesError("list must terminate with '}'");
      list.push(this.#typed(text));
      if (stop === ',') continue;
      if (this.#text[this.#at] === ',') this.#at += 1;
      return list;
    }
  }

  /** Reads up to the first of `stops`, and past it. */
  #until(stops: string): Read {
    let text = '';
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at);
      this.#at += 1;
      if (stops.includes(char)) return { text, stop: char };
      text += char === '\\' ? this.#text.charAt(this.#at) : char;
      if (char === '\\') this.#at += 1;
    }
    return { text, stop: undefined };
  }
}

/** The type that --set gives a text. */
const guessed = (text: string): unknown => {
  // Go folds the long s, too: with `u` so does JavaScript.
  if (/^true$/iu.test(text)) return true;
  if (/^false$/iu.test(text)) return false;
  if (/^null$/iu.test(text)) return null;
  if (text === '0') return 0;
  if (!/^(?!0)[+-]?\d+$/.test(text)) return text;
  const value = BigInt(text.replace(/^\+/, ''));
  if (value > 2n ** 63n - 1n || value < -(2n ** 63n)) return text;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new ValuesError("the stand-in can't hold so large an integer");
  return number;
};

/** Sets a value; helm drops those without a name. Uses defineProperty, so that `__proto__` is a name like any other. */
const put = (map: Values, name: string, value: unknown): void => {
  if (name !== '') Object.defineProperty(map, name, { value, writable: true, enumerable: true, configurable: true });
};

const withItem = (list: readonly unknown[], index: number, value: unknown): readonly unknown[] => {
  if (index > MAX_INDEX) {
    throw new ValuesError(`index of ${index} is greater than maximum supported index of ${MAX_INDEX}`);
  }
  const length = Math.max(list.length, index + 1);
  return Array.from({ length }, (_, at) => (at === index ? value : (list[at] ?? null)));
};

/** The message of helm's recovered panic for a value that is no map, or no list. */
const misfit = (value: unknown, wanted: string): ValuesError =>
  new ValuesError(`unable to parse key: interface conversion: interface {} is ${goTypeOf(value)}, not ${wanted}`);

/** Go's type of a value. A number may be from a file or from --set, which make float64 and int64. */
const goTypeOf = (value: unknown): string => {
  if (value === null) return 'nil';
  if (Array.isArray(value)) return '[]interface {}';
  if (isMap(value)) return 'map[string]interface {}';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? 'int64' : 'string';
};

const quoted = (text: string): string => JSON.stringify(text);
