/** Draws on an element; called at most once a frame, and only while it is on screen and the tab is visible. */
export type Draw = (nowMs: number) => void;

interface Task {
  readonly draw: Draw;
  readonly everyMs: number;
  dueMs: number;
  isOnScreen: boolean;
}

const tasks = new Map<Element, Task>();
let frame = 0;

const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const task = tasks.get(entry.target);
    if (task) task.isOnScreen = entry.isIntersecting;
  }
});

/** All drawing of the page hangs on one animation frame, so that nothing reads the layout while another writes it. */
function onFrame(nowMs: number): void {
  for (const task of tasks.values()) {
    if (!task.isOnScreen || nowMs < task.dueMs) continue;
    // Frames come a little early or late: without slack a 30 fps task would draw at 20.
    task.dueMs = nowMs + task.everyMs - 4;
    task.draw(nowMs);
  }
  frame = tasks.size > 0 ? requestAnimationFrame(onFrame) : 0;
}

/** Calls `draw` up to `maxFps` times a second. Returns the way to stop. */
export function drawOn(element: Element, draw: Draw, maxFps: number): () => void {
  tasks.set(element, { draw, everyMs: 1000 / maxFps, dueMs: 0, isOnScreen: true });
  observer.observe(element);
  if (frame === 0) frame = requestAnimationFrame(onFrame);
  return () => {
    tasks.delete(element);
    observer.unobserve(element);
  };
}
