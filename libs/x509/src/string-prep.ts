/**
 * Text as caseIgnoreMatch compares it: two texts match if this gives the same for both. RFC 4518 section 2: prohibit, map,
 * normalize to NFKC, fold case, collapse insignificant spaces; by the Unicode version of the runtime rather than 3.2. Undefined for
 * text with a prohibited code point, or made to cost more than text does, which matches by no rule. Linear in the length of the text.
 */
export function prepareCaseIgnore(text: string): string | undefined {
  if (PLAIN.test(text)) return collapseSpaces(text.toLowerCase());
  // Before the rest: normalization brings in no such code point, but makes up to 18 out of one.
  if (PROHIBITED.test(text)) return undefined;
  const mapped = text.replaceAll(MAPPED_TO_SPACE, ' ').replaceAll(MAPPED_TO_NOTHING, '');
  if (UNSAFE_STREAM.test(mapped)) return undefined;
  // Folded between two normalizations: compatibility forms hide capital letters, and folding can undo composition.
  const normalized = mapped.normalize('NFKC');
  if (normalized.length > MAX_GROWTH + 2 * mapped.length) return undefined;
  return collapseSpaces(foldCase(normalized).normalize('NFKC'));
}

const PLAIN = /^[ -~]*$/;

// 2.2: TAB to CR, NEL and every separator.
const MAPPED_TO_SPACE = /[\t-\r\u0085\p{Z}]/gu;

// 2.2: other control and format characters, soft hyphens, a joiner, variation selectors, the object replacement character.
const MAPPED_TO_NOTHING = /[\p{Cc}\p{Cf}\p{Variation_Selector}\u034f\u1806\ufffc]/gu;

// Marks in a row are sorted by insertion, which costs the square of their number. No language needs more than 30 (UAX #15 section 13,
// Stream-Safe Text Format).
const UNSAFE_STREAM = /\p{M}{31}/u;

// Some compatibility forms stand for up to 18 letters. Names have a few of them, not hundreds.
const MAX_GROWTH = 256;

// 2.4: unassigned, private use, non-characters, the replacement character.
const PROHIBITED = /[\p{Cn}\p{Co}\ufffd]/u;

// JavaScript has no case folding. Down from upper case is the same, except that the dotless i folds to itself and that the end of a
// word does not change a sigma.
function foldCase(text: string): string {
  return text.replaceAll(/[^\u0131]+/gu, (part) => part.toUpperCase().toLowerCase()).replaceAll('\u03c2', '\u03c3');
}

// 2.6.1: a space is a SPACE that no combining mark follows. Runs count as one, at either end as none.
function collapseSpaces(text: string): string {
  if (!text.includes('  ') && !text.startsWith(' ') && !text.endsWith(' ')) return text;
  const collapsed = text.replaceAll(/ +(?!\p{M})/gu, ' ');
  const start = /^ (?!\p{M})/u.test(collapsed) ? 1 : 0;
  const end = collapsed.endsWith(' ') ? collapsed.length - 1 : collapsed.length;
  return start < end ? collapsed.slice(start, end) : '';
}
