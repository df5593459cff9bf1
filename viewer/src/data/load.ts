/** Where the page's data comes from: inside of the page, or from the server that served it. */

const DATA = "profile";

/** The container as it was packed, and whether a server sent it. */
export async function findPacked(): Promise<{ packed: Blob; served: boolean }> {
  const inside = document.getElementById(DATA);
  const packed = inside ? fromBase64(inside.textContent ?? "") : await fetched();
  // It is not needed twice, and may be as large as the rest of the page's memory.
  inside?.remove();
  return { packed, served: inside === null };
}

export function unpack(packed: Blob): Promise<ArrayBuffer> {
  return new Response(packed.stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}

async function fetched(): Promise<Blob> {
  // The server ends when the last page has gone: this tells it that one is here.
  new EventSource("alive");
  return (await get("profile")).blob();
}

/** What the server has by a name. */
export async function get(name: string): Promise<Response> {
  const response = await fetch(name);
  if (!response.ok) {
    throw new Error(`the profile cannot be fetched: ${response.status} ${response.statusText}`);
  }
  return response;
}

function fromBase64(text: string): Blob {
  const letters = atob(text.trim());
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) {
    bytes[at] = letters.charCodeAt(at);
  }
  return new Blob([bytes]);
}
