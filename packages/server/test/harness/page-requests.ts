/**
 * A page that sends requests to another server in every way that HTML and JavaScript offer. Each way uses the path
 * `/in/NAME`, where NAME is the name of the way. A way returns what the page could read of the answer, or null.
 */
const ways: Readonly<Record<string, string>> = {
  "fetch-get": "read(fetch(url))",
  "fetch-post": 'read(fetch(url, { method: "POST", body: "1" }))',
  "fetch-credentials": 'read(fetch(url, { credentials: "include" }))',
  "fetch-no-cors-get": 'read(fetch(url, { mode: "no-cors" }))',
  "fetch-no-cors-post": 'read(fetch(url, { mode: "no-cors", method: "POST", body: "1" }))',
  "fetch-no-referrer-get": 'read(fetch(url, { mode: "no-cors", referrerPolicy: "no-referrer" }))',
  "fetch-no-referrer-post":
    'read(fetch(url, { mode: "no-cors", method: "POST", body: "1", referrerPolicy: "no-referrer" }))',
  "fetch-keepalive": 'read(fetch(url, { mode: "no-cors", method: "POST", body: "1", keepalive: true }))',
  "fetch-redirected": 'read(fetch("/redirect?to=" + url, { mode: "no-cors", method: "POST", body: "1" }))',
  "fetch-put": 'read(fetch(url, { method: "PUT", body: "1" }))',
  "fetch-delete": 'read(fetch(url, { method: "DELETE" }))',
  "fetch-json": 'read(fetch(url, { method: "POST", body: "1", headers: { "content-type": "application/json" } }))',
  xhr: 'settled(new XMLHttpRequest(), (it) => { it.open("POST", url); it.send("1"); })',
  beacon: 'navigator.sendBeacon(url, "1") && null',
  "event-source": "settled(new EventSource(url))",
  "web-socket": 'settled(new WebSocket(url.replace("http", "ws")))',
  "module-import": "import(url).then(String, () => null)",
  image: "settled(new Image(), (it) => { it.src = url; })",
  "image-no-referrer": 'settled(new Image(), (it) => { it.referrerPolicy = "no-referrer"; it.src = url; })',
  audio: 'settled(document.createElement("audio"), (it) => { it.src = url; })',
  script: 'element("script", { src: url })',
  "module-script": 'element("script", { src: url, type: "module" })',
  stylesheet: 'element("link", { rel: "stylesheet", href: url })',
  prefetch: 'element("link", { rel: "prefetch", href: url })',
  preload: 'element("link", { rel: "preload", as: "image", href: url })',
  frame: 'element("iframe", { src: url })',
  object: 'element("object", { data: url })',
  embed: 'element("embed", { src: url })',
  "form-get": 'form({ action: url, method: "get" })',
  "form-post": 'form({ action: url, method: "post" })',
  "form-text": 'form({ action: url, method: "post", enctype: "text/plain" })',
  "form-files": 'form({ action: url, method: "post", enctype: "multipart/form-data" })',
  "form-sandboxed": 'form({ action: url, method: "post" }, { sandbox: "allow-forms allow-scripts" })',
  ping: 'click({ href: "#", ping: url })',
};

export const wayNames: readonly string[] = Object.keys(ways);

/** `sendEveryWay(url)` in the page resolves with the results of all ways by name. */
export const pageOfEveryWay = `<!doctype html><title>page</title><body><script>
const read = (answer) => answer.then(async (it) => (it.type === "opaque" ? null : it.text()), () => null);
function settled(it, start = () => {}) {
  return new Promise((resolve) => {
    for (const name of ["open", "message"]) it.addEventListener(name, (event) => resolve(name + event.data));
    for (const name of ["load", "loadedmetadata", "error", "close"]) it.addEventListener(name, () => resolve(it.responseText || null));
    start(it);
  });
}
function element(name, members) {
  return settled(Object.assign(document.createElement(name), members), (it) => document.body.append(it));
}
function form(members, frameMembers = {}) {
  const frame = Object.assign(document.createElement("iframe"), frameMembers);
  const inner = document.createElement("form");
  for (const name in members) inner.setAttribute(name, members[name]);
  inner.innerHTML = '<input name="{&quot;a" value="b&quot;}">';
  const submit = "<script>document.forms[0].submit()<" + "/script>";
  frame.srcdoc = inner.outerHTML + submit;
  return new Promise((resolve) => {
    frame.addEventListener("load", () => setTimeout(resolve, 0, null));
    document.body.append(frame);
  });
}
function click(members) {
  const link = document.createElement("a");
  for (const name in members) link.setAttribute(name, members[name]);
  document.body.append(link);
  link.click();
  return null;
}
const ways = { ${Object.entries(ways)
  .map(([name, code]) => `"${name}": (url) => ${code}`)
  .join(",\n")} };
async function sendEveryWay(base) {
  const results = Object.entries(ways).map(async ([name, way]) => [name, await way(base + "/in/" + name)]);
  return Object.fromEntries(await Promise.all(results));
}
</script>`;
