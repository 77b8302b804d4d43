// A partner's program in JavaScript: it reads what is for it, takes each referral up, and goes on.
//
//   npm ci
//   node partner.mjs aplus tls://nats.example.org:4222 aplus.nk
//
// An event is acknowledged once it is handled: what is not comes again, with the same id. One of a
// type that is not known here is acknowledged too, so that it holds nothing back.
import { readFileSync } from "node:fs";
import { jetstream } from "@nats-io/jetstream";
import { connect, nkeyAuthenticator, nkeys } from "@nats-io/transport-node";

const [name, servers, seedFile] = process.argv.slice(2);
if (seedFile === undefined) fail("usage: node partner.mjs NAME URL SEED_FILE", 2);

function fail(why, code = 1) {
  console.error(why);
  process.exit(code);
}

let seed;
try {
  seed = new TextEncoder().encode(readFileSync(seedFile, "utf8").trim());
  nkeys.fromSeed(seed);
} catch (error) {
  fail(`${seedFile}: ${error.code === "ENOENT" ? "there is no such file" : "no seed of an nkey (SU...) is in it"}`);
}
const client = await connect({
  servers,
  authenticator: nkeyAuthenticator(seed),
  maxReconnectAttempts: -1,
}).catch((error) => fail(`${servers}: ${error.message}. Is the public half of ${seedFile} in the file that was applied?`));
// It ends when the key is taken away, for instance: whoever watches this program has to see that.
client.closed().then((error) => error && fail(`NATS: ${error.message}`));
// Our durable is known: nothing is asked about it, and nothing could be.
const durable = { stream_name: "PARTNER", name: `partner-${name}`, config: {} };
process.on("SIGTERM", () => client.drain()); // what is in hand is finished first
const consumer = jetstream(client, { checkAPI: false }).consumers.getConsumerFromInfo(durable);

// Until when a service of yours can take nobody (an ISO 8601 moment); null: it can take people again.
async function tellSaturation(relayId, until) {
  return (await client.request("saturation.v1", JSON.stringify({ relay_id: relayId, saturated: until !== null, until }), { timeout: 5000 })).json();
}

// What a service of yours is reached by; only what is filled in changes:
//   await updateEntry({ relay_id: "fr-3114", hours: "MO,TU 09:00-18:00" });
async function updateEntry(entry) {
  return (await client.request("entry.v1", JSON.stringify({ said_at: new Date().toISOString(), ...entry }), { timeout: 5000 })).json();
}

if (/^sandbox(-|$)/.test(name)) {
  const wish = { story: "sent", number: 1 + Math.floor(Math.random() * (2 ** 31 - 1)) };
  await client.request("sandbox.v1", JSON.stringify(wish), { timeout: 5000 }); // of nobody
}
for await (const message of await consumer.consume()) {
  const told = message.json();
  const type = message.headers.get("ce-type");
  console.log(JSON.stringify({ id: message.headers.get("ce-id"), type, reference: told.reference }));
  if (type === "partner_referral.sent.v1") {
    const answer = JSON.stringify({ reference: told.reference, accepted: true });
    const reply = await client.request("answer.v1", answer, { timeout: 5000 });
    console.log(JSON.stringify({ answered: told.reference, reply: reply.json() }));
  }
  message.ack();
}
