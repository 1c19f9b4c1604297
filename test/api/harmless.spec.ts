import t from 'tap';
import { harmless } from '../../api/harmless.js';

t.test('what hides, reorders or moves is replaced, wherever it stands', async (t) => {
  const harmful = [
    ...['\u0000', '\u0007', '\r', '\u001b', '\u007f', '\u009b'],
    ...['\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e'],
    ...['\u2066', '\u2067', '\u2068', '\u2069', '\u206a', '\u206f'],
    ...['\u200b', '\u200c', '\u200d', '\u2060', '\u2061', '\u2064', '\ufeff', '\u00ad', '\u180e', '\u034f'],
    ...['\u115f', '\u1160', '\u3164', '\uffa0', '\ufff9', '\ufffb', '\u{1d173}', '\u{e0001}', '\u{e0041}'],
    ...['\ufe00', '\ufe0f', '\u180b', '\u{e0100}'],
  ];
  for (const one of harmful)
    t.strictSame(
      [`v1${one}2`, one, `${one}a`, `a ${one}`].map(harmless),
      ['v1\ufffd2', '\ufffd', '\ufffda', 'a \ufffd'],
      JSON.stringify(one),
    );
  t.equal(harmless('\u{1f3f4}\u{e0067}\u{e007f}'), '\u{1f3f4}\ufffd\ufffd', 'what tags say nobody sees');
  t.equal(harmless('\u0645\u200c'), '\u0645\ufffd', 'a joiner at the end joins nothing');
  t.equal(harmless('\u0645\u200c\u200c\u06cc'), '\u0645\ufffd\ufffd\u06cc', 'nor do two');
});

t.test('what people write stays', async (t) => {
  const texts = [
    'tab\tand\nline, é e\u0301 ß – “quoted” … 中文 한국어 日本語 עברית',
    // Persian: "I want"; Devanagari: ksha with joiner and non-joiner; Malayalam: a chillu letter in a word.
    '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
    '\u0915\u094d\u200d\u0937 \u0915\u094d\u200c\u0937',
    '\u0d28\u0d4d\u200d\u0d31',
    '\u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u{1f469}\u{1f3fd}\u200d\u{1f680} \u2764\ufe0f\u200d\u{1f525} 1\ufe0f\u20e3 \u26a0\ufe0f',
    '\u0600\u0661\u0662 \u06dd',
    '\u845b\u{e0100} \u1820\u180b',
  ];
  t.strictSame(texts.map(harmless), texts);
});
