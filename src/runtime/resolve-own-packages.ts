import type { ResolveHook } from 'node:module';

/**
 * A hook of Node's module loader: `edgebind` and `rxjs` are found from wherever a user's pipeline lies, without an installation there,
 * and there is one copy of each.
 */
export const resolve: ResolveHook = (specifier, context, nextResolve) =>
  nextResolve(specifier, /^(?:edgebind|rxjs)(?:\/|$)/.test(specifier) ? { ...context, parentURL: import.meta.url } : context);
