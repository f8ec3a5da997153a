// Begin: read the description and the numbers out of the page and show them.

/** Return the bytes of a text in base64, in memory of their own so that numbers lie where they must. */
function decodeBase64(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let k = 0; k < raw.length; k++) bytes[k] = raw.charCodeAt(k);
  return bytes;
}

async function start() {
  const described = JSON.parse(byId("described").textContent);
  const bytes = decodeBase64(byId("data").textContent);
  byId("data").remove();
  const remote = described.remote ? new Remote() : null;
  globalThis.rramcirc = new Page(described, bytes, remote);
}

start();
