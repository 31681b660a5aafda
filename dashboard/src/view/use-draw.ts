import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { drawOn, type Draw } from './frame-loop.ts';

/**
 * A ref for an element and a drawing for it. `prepare` runs once per value of `key`, with the element in the page, and returns
 * what to call per frame and, if need be, what to do at the end.
 */
export function useDraw<E extends Element>(
  key: string,
  maxFps: number,
  prepare: (element: E) => { readonly draw: Draw; readonly end?: () => void },
): RefObject<E | null> {
  const ref = useRef<E>(null);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const { draw, end } = prepare(element);
    const stop = drawOn(element, draw, maxFps);
    return () => {
      stop();
      end?.();
    };
  }, [key]);
  return ref;
}
