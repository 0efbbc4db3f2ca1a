// Parts of columns back to typed arrays.

const binary = (text) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
};

/** What `compressed` in columns.py has made of bytes. */
export async function inflate(text) {
  const stream = new Blob([binary(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** What `_json` in page.py has packed. */
export async function inflateJson(text) {
  return JSON.parse(new TextDecoder().decode(await inflate(text)));
}

const total = (parts) => parts.reduce((sum, part) => sum + part.items, 0);

/** A column of numbers: each part holds the lowest byte of all, then the next ones. */
export async function numbers(parts = []) {
  const out = new Uint32Array(total(parts));
  let from = 0;
  await Promise.all(
    parts.map(async ({ items, data }) => {
      const start = from;
      from += items;
      const bytes = await inflate(data);
      const second = items;
      const third = 2 * items;
      const fourth = 3 * items;
      for (let i = 0; i < items; i++) {
        out[start + i] =
          (bytes[i] | (bytes[second + i] << 8) | (bytes[third + i] << 16) | (bytes[fourth + i] << 24)) >>> 0;
      }
    }),
  );
  return out;
}

/** A column of text as UTF-8. */
export async function text(parts = []) {
  const out = new Uint8Array(total(parts));
  let from = 0;
  await Promise.all(
    parts.map(async ({ items, data }) => {
      const start = from;
      from += items;
      out.set(await inflate(data), start);
    }),
  );
  return out;
}
