// Keeps the pages' own files, so that Keeper opens without a network too. What the API answers is
// somebody's own and is never kept.
const CACHE = "keeper-pages";
const MOST_FILES = 200;

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(freshElseKept(request));
  else if (url.pathname.includes("/app/assets/")) event.respondWith(keptElseFresh(request));
});

// One document is the whole of the pages, whatever its address says.
async function freshElseKept(request) {
  const cache = await caches.open(CACHE);
  const document = new URL("./", location.href).href;
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(document, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(document);
    if (kept === undefined) throw error;
    return kept;
  }
}

// Their names say what is in them: what is kept is right for ever.
async function keptElseFresh(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept !== undefined) return kept;
  const answer = await fetch(request);
  if (answer.ok) {
    await cache.put(request, answer.clone());
    // Those of former versions go: the oldest come first.
    const files = await cache.keys();
    await Promise.all(files.slice(0, -MOST_FILES).map((file) => cache.delete(file)));
  }
  return answer;
}
