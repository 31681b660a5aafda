import { useEffect, useState } from 'preact/hooks';

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Renders the component again twice a second while the tab is visible: for ages and clocks. All share one timer. */
export function useTick(): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    const onTick = (): void => setTick((tick) => (tick + 1) % 1_000_000);
    listeners.add(onTick);
    timer ??= setInterval(() => {
      if (document.visibilityState === 'visible') for (const listener of listeners) listener();
    }, 500);
    return () => {
      listeners.delete(onTick);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
}
