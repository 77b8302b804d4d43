// Reads an AsyncAPI document with the official parser; exits 1 when it is not valid.
// Run by `just asyncapi-check`, which installs the parser beside a copy of this file.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
const words = ["error", "warning", "information", "hint"];
for (const { severity, path, message } of diagnostics) {
  console.log(`${words[severity]} at ${path.join(".")}: ${message}`);
}
if (!document || diagnostics.some(({ severity }) => severity <= 1)) process.exit(1);
console.log(
  `valid: ${document.channels().all().length} channels, ` +
    `${document.operations().all().length} operations, ${document.messages().all().length} messages`,
);
