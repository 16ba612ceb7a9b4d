// Verifies one request by the reference library of Standard Webhooks. Reads {"secret","headers","body"} from stdin.
// Exit code 0 and "verified", or 1 and the reason.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const { secret, headers, body } = JSON.parse(readFileSync(0, "utf8"));
try {
  new Webhook(secret).verify(body, headers);
  console.log("verified");
} catch (error) {
  console.error(`${error.name}: ${error.message}`);
  process.exitCode = 1;
}
