// Runs in the page, before its own code: how long tasks and frames take, and when the first chart has something on it.
const watched = { longTasks: [], frames: [], chartMs: null };
window.watched = watched;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) watched.longTasks.push(duration);
}).observe({ type: 'longtask', buffered: true });

let last = performance.now();
function frame(now) {
  watched.frames.push(now - last);
  last = now;
  if (watched.chartMs === null && isDrawn(document.querySelector('canvas'))) watched.chartMs = performance.now();
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

/** Whether any point of it has a colour. */
function isDrawn(canvas) {
  if (canvas === null || canvas.width === 0 || canvas.height === 0) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value !== 0);
}
