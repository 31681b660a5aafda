import { decodeHTML, decodeHTMLStrict } from 'entities';

const REFERENCE = /&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)/g;
const CLOSED_REFERENCE = /&#?[0-9A-Za-z]{1,24};/g;

/** Character references -> characters, with or without their semicolon: Python's `html.unescape`. */
export const unescapeHtml = (text: string): string =>
  text.replace(REFERENCE, (reference) => (isDropped(reference) ? '' : decodeHTML(reference)));

/** Only references that end with a semicolon, and upper-case names of letters (`&EACUTE;`): ftfy's more careful rule. */
export const unescapeClosedHtml = (text: string): string =>
  text.replace(CLOSED_REFERENCE, (reference) => {
    if (reference.startsWith('&#')) return unescapeHtml(reference);
    const exact = decodeHTMLStrict(reference);
    if (exact !== reference || reference !== reference.toUpperCase() || unescapeHtml(reference) !== reference) return exact;
    const small = reference.toLowerCase();
    const decoded = decodeHTMLStrict(small);
    return decoded === small ? reference : decoded.toUpperCase();
  });

/** Whether Python drops what a number names: control characters that Windows has no character for, and what is no character. */
function isDropped(reference: string): boolean {
  if (!reference.startsWith('&#')) return false;
  const isHex = /^&#x/i.test(reference);
  const code = parseInt(reference.slice(isHex ? 3 : 2), isHex ? 16 : 10);
  if (code < 0x20) return code > 0 && code !== 0x9 && code !== 0xa && code !== 0xc && code !== 0xd;
  return code === 0x7f || (code >= 0xfdd0 && code <= 0xfdef) || (code <= 0x10ffff && (code & 0xfffe) === 0xfffe);
}
