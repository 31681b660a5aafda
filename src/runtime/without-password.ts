/** A URL as it may be shown: rtsp://user:***@host. */
export const withoutPassword = (from: string): string => from.replace(/(:\/\/[^:/@]*:)[^@/]*@/, '$1***@');
