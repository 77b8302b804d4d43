// A partner's receiver of webhooks in JavaScript: what to take, verify and answer.
//
//   npm ci
//   HELPLINE_WEBHOOK_SECRET=whsec_... node receiver.mjs 8000
//
// It listens on this machine alone: what brings TLS stands before it.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const LONGEST_BODY = 256 * 1024;
const secret = process.env.HELPLINE_WEBHOOK_SECRET ?? "";
if (!secret.startsWith("whsec_") || !/^[0-9]{1,5}$/.test(process.argv[2] ?? "")) {
  console.error("usage: HELPLINE_WEBHOOK_SECRET=whsec_... node receiver.mjs PORT");
  process.exit(2);
}
const webhook = new Webhook(secret);
const seen = new Set(); // in a table of yours: the same id again is the same event

async function take(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > LONGEST_BODY) return 413;
    parts.push(part);
  }
  let event;
  try {
    event = webhook.verify(Buffer.concat(parts), request.headers);
  } catch {
    return 400; // not from where it says, or too old
  }
  if (!seen.has(event.id)) {
    seen.add(event.id);
    console.log(event.type, event.data.reference); // where your organisation begins
  }
  return 204;
}

const server = createServer(async (request, response) => {
  const status = request.method === "POST" ? await take(request) : 405;
  response.writeHead(status, status === 413 ? { connection: "close" } : {}).end();
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => {
  console.log(`listening on ${server.address().port}`);
});
