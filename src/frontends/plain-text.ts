import { unescapeClosedHtml } from './html-entities.ts';

/** Letters that stand for several: Dutch ij, Croatian dz, lj, nj, and the typesetter's ff to st. */
const LIGATURES = /[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06]/g;
const HALF_OR_FULL_WIDTH = /[\uff01-\uffef]/g;
const SINGLE_QUOTES = /[\u02bc\u2018-\u201b]/g;
const DOUBLE_QUOTES = /[\u201c-\u201f]/g;
const LINE_BREAKS = /\r\n?|[\u2028\u2029\u0085]/g;
const TERMINAL_ESCAPES = /\u001b\[[\d;]*[a-zA-Z]/g; // eslint-disable-line no-control-regex -- escape sequences begin with one
// eslint-disable-next-line no-control-regex -- control characters are what it removes
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b\u000e-\u001f\u007f\u206a-\u206f\ufeff\ufff9-\ufffc]/g;
const C1_CONTROLS = /[\u0080-\u009f]/g;

/** What Windows-1252 has at 0x80..0x9f; five places are empty. Node's own decoder takes them for Latin-1. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/**
 * Text as ftfy's `fix_text` leaves it, except that text decoded by the wrong table ("cafÃ©") is not repaired: line by line HTML
 * references resolved (in no line from the first `<` on), ligatures taken apart, half and full width made normal, quotes straightened,
 * line breaks made `\n`, control characters removed, composed (NFC); again until nothing changes.
 */
export function plainText(text: string): string {
  let isHtml = false;
  return text
    .split(/(?<=\n)/)
    .map((line) => {
      isHtml ||= line.includes('<');
      return plainLine(line, isHtml);
    })
    .join('');
}

function plainLine(line: string, isHtml: boolean): string {
  for (let before = line; ; before = line) {
    line = (isHtml ? line : unescapeClosedHtml(line))
      .replace(C1_CONTROLS, (c) => WINDOWS_1252.charAt(c.charCodeAt(0) - 0x80))
      // Of the long s in U+FB05 compatibility would make a common one.
      .replace(LIGATURES, (c) => (c === '\ufb05' ? '\u017ft' : c.normalize('NFKC')))
      .replaceAll('\u3000', ' ')
      .replace(HALF_OR_FULL_WIDTH, (c) => c.normalize('NFKC'))
      .replace(DOUBLE_QUOTES, '"')
      .replace(SINGLE_QUOTES, "'")
      .replace(LINE_BREAKS, '\n')
      .replace(TERMINAL_ESCAPES, '')
      .replace(CONTROL_CHARACTERS, '')
      .normalize('NFC');
    if (line === before) return line;
  }
}
