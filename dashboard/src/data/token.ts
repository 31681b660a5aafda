const KEY = 'edgebind.token';

/** The token for this tab; it is forgotten when the tab closes. */
export const token = {
  get: (): string | undefined => sessionStorage.getItem(KEY) ?? undefined,
  set: (value: string): void => sessionStorage.setItem(KEY, value),
};
