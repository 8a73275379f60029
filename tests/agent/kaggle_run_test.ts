/** The agent with data from Kaggle: searched, downloaded, the right file chosen. */
import assert from "node:assert/strict";
import { Random } from "@/shared/random.ts";
import { lineageIn } from "../e2e/lineage.ts";
import { inSandbox, SOURCE } from "../e2e/program.ts";
import { startEmulator } from "../kaggle/emulator/emulator.ts";

function customers(rows: number): Uint8Array {
  const random = new Random(11);
  const lines = ["customer_id,calls,plan,Exited"];
  for (let i = 0; i < rows; i++) {
    const calls = random.below(10);
    lines.push(`C${i},${calls},${["basic", "gold"][random.below(2)]},${calls > 6 ? 1 : 0}`);
  }
  return new TextEncoder().encode(lines.join("\n") + "\n");
}

Deno.test("a request without data is searched for at Kaggle, and the table for training is taken", async () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const kaggle = startEmulator({
    datasets: {
      "ann/bank-customer-churn": {
        title: "Bank customer churn",
        license: "CC0: Public Domain",
        version: 2,
        files: { "train.csv": customers(300), "test.csv": customers(900), "readme.txt": text("hello") },
      },
      "bob/cats": {
        title: "Cats",
        license: "CC BY 4.0",
        version: 1,
        files: { "cats.csv": text("a,b\n1,2\n") },
      },
    },
  });
  try {
    await inSandbox(SOURCE, async (sandbox) => {
      const env = {
        MLMCP_KAGGLE_URL: kaggle.url,
        MLMCP_KAGGLE_STORAGE_HOSTS: kaggle.storageHost,
        KAGGLE_API_TOKEN: "good",
      };
      const args = [
        "agent",
        "predict which customers leave",
        "--algorithm",
        "decision_tree",
        "--no-deploy",
        "--json",
      ];
      const { code, stdout, stderr } = await sandbox.run(args, { env });
      assert.equal(code, 0, stderr);
      const result = JSON.parse(stdout);
      assert.equal(result.dataset.ref, "ann/bank-customer-churn");
      assert.equal(result.dataset.version, "2");
      assert.match(result.dataset.license, /CC0/);
      assert.equal(result.dataset.rows, 300);
      assert.equal(result.target, "Exited");
      assert.equal(result.model.model_id, "bank-customer-churn-exited@1");
      assert.match(stderr, /assumed file = train\.csv \(its name says it is for training/);
      const { ref, version, license, sha256 } = lineageIn(sandbox);
      assert.deepEqual([ref, version, license], ["ann/bank-customer-churn", "2", "CC0: Public Domain"]);
      assert.match(sha256, /^[0-9a-f]{64}$/);
      assert.ok(kaggle.seen.some((request) => request.headers.authorization === "Bearer good"));
    });
  } finally {
    await kaggle.close();
  }
});

Deno.test("the kaggle-server, with no more rights than it needs, knows that a data set is larger than the disk", async () => {
  const huge = { path: "/nowhere", size: 1e15, modified: new Date() };
  const datasets = {
    "ann/huge": { title: "Huge", license: "CC0: Public Domain", version: 1, files: { "huge.csv": huge } },
  };
  const kaggle = startEmulator({ datasets });
  try {
    await inSandbox(SOURCE, async (sandbox) => {
      const env = { MLMCP_KAGGLE_URL: kaggle.url, MLMCP_KAGGLE_STORAGE_HOSTS: kaggle.storageHost };
      const args = ["agent", "predict b", "--dataset", "ann/huge", "--no-deploy", "--yes", "--json"];
      const { code, stdout } = await sandbox.run(args, { env });
      assert.notEqual(code, 0);
      assert.match(stdout, /takes 1000000\.0 GB, and the disk of .* has .* left/);
      assert.equal(kaggle.seen.some(({ host }) => host === "storage"), false);
    });
  } finally {
    await kaggle.close();
  }
});
