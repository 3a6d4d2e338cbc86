import fc from 'fast-check';

const [surrogates, afterSurrogates, last] = [0xd800, 0xe000, 0x10ffff];
const gap = afterSurrogates - surrogates;

/**
 * Any character of Unicode: the same ones, as often, as of fast-check's unit `binary`. That one makes a table of all 1,112,064 in each
 * process, which takes half a second and a hundred megabytes.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.nat(last - gap).map(
  (at) => String.fromCodePoint(at < surrogates ? at : at + gap),
  (character) => {
    const point = typeof character === 'string' ? character.codePointAt(0) : undefined;
    if (point === undefined || String.fromCodePoint(point) !== character) throw new Error('not one character');
    if (point >= surrogates && point < afterSurrogates) throw new Error('half a character');
    return point < surrogates ? point : point - gap;
  },
);
