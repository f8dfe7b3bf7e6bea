// Sends FILE with tus-js-client: upload.mjs URL TOKEN FILE whole|parts|broken. Prints the address of the upload.
import { createReadStream, readFileSync, statSync } from "node:fs";
import * as tus from "tus-js-client";

const [url, token, file, mode] = process.argv.slice(2);

const options = {
  endpoint: `${url}/api/v2/uploads`,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: "from tus-js-client.csv", filetype: "text/csv" },
  retryDelays: [0, 100, 500],
};

function send(input, more) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(input, { ...options, ...more, onError: reject, onSuccess: () => resolve(upload.url) });
    upload.start();
  });
}

/// Stops after the first chunks, then goes on with a client that knows only the address.
async function broken() {
  const first = await new Promise((resolve, reject) => {
    const upload = new tus.Upload(readFileSync(file), {
      ...options,
      chunkSize: 1 << 20,
      onError: reject,
      onChunkComplete: async (_, sent) => {
        if (sent < 2 << 20) return;
        await upload.abort();
        resolve(upload.url);
      },
    });
    upload.start();
  });
  return send(readFileSync(file), { uploadUrl: first, chunkSize: 3 << 20 });
}

const modes = {
  whole: () => send(readFileSync(file), {}),
  stream: () => send(createReadStream(file), { chunkSize: 1 << 20, uploadSize: statSync(file).size }),
  first: () => send(readFileSync(file), { chunkSize: 1 << 20, uploadDataDuringCreation: true }),
  parts: () => send(readFileSync(file), { parallelUploads: 3, chunkSize: 1 << 20 }),
  broken,
};
console.log(await modes[mode]());
