import assert from "node:assert/strict";
import { createEndpoint, deployModel } from "@/deployment/deploy.ts";
import { describeEndpoint } from "@/deployment/describe.ts";
import { localRequest, parseBody } from "@/deployment/local_http.ts";
import { testEndpoint } from "@/deployment/test_endpoint.ts";
import { AppError } from "@/shared/errors.ts";
import { CERTIFICATES } from "./certificates.ts";
import { until, withScene } from "./scene.ts";

async function withFiles(
  work: (files: { cert: string; key: string; put(which: "one" | "two"): Promise<void> }) => Promise<void>,
) {
  const folder = await Deno.makeTempDir({ prefix: "mlmcp-tls-" });
  const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const put = async (which: "one" | "two") => {
    await Deno.writeTextFile(key, CERTIFICATES[which].key);
    await Deno.writeTextFile(cert, CERTIFICATES[which].cert);
  };
  try {
    await put("one");
    await work({ cert, key, put });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("endpoints serve https with the certificate of the settings, and take a new one without a failed request", async () => {
  await withFiles(async (files) => {
    await withScene(async (scene) => {
      const { one } = scene.models;
      const { url } = await deployModel(
        scene,
        { model_id: one.model_id, require_gate: false },
        scene.waiting,
      );
      assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
      const endpoint = scene.records.endpoint("flowers")!;
      const predict = (certificate: string) =>
        localRequest({
          host: "127.0.0.1",
          port: endpoint.port,
          method: "POST",
          path: "/predict",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ rows: [{ length: 1.4, width: 0.2 }] }),
          timeout_ms: 5000,
          certificate,
        });
      assert.deepEqual(
        parseBody<{ predictions: string[] }>(await predict(CERTIFICATES.one.cert)).predictions,
        ["setosa"],
      );
      await assert.rejects(predict(CERTIFICATES.two.cert), /certificate/);
      const tested = await testEndpoint(scene, endpoint);
      assert.ok(tested.passed, JSON.stringify(tested.checks));
      assert.equal((await describeEndpoint(scene.records, endpoint)).status, "ready");
      const stored = new TextDecoder("latin1").decode(await Deno.readFile(scene.home.database));
      assert.doesNotMatch(stored, /PRIVATE KEY/);

      // A client that trusts both asks on while the certificate changes.
      const both = CERTIFICATES.one.cert + CERTIFICATES.two.cert;
      const failures: unknown[] = [];
      let changing = true;
      const asking = (async () => {
        while (changing) {
          await predict(both).then(
            ({ status }) => status === 200 || failures.push(status),
            (error) => failures.push(error),
          );
        }
      })();
      // First a certificate whose key is not there yet: what serves goes on, until it is.
      await Deno.writeTextFile(files.cert, CERTIFICATES.two.cert);
      await until(
        "the half change is refused",
        () => /keeps its certificate/.test(Deno.readTextFileSync(`${scene.home.logs}/supervisor.jsonl`)),
        30_000,
      );
      assert.equal((await predict(CERTIFICATES.one.cert)).status, 200);
      await files.put("two");
      await until(
        "the new certificate is served",
        () => predict(CERTIFICATES.two.cert).then(() => true, () => false),
        30_000,
      );
      await until(
        "it is the only one",
        () => predict(CERTIFICATES.one.cert).then(() => false, () => true),
        30_000,
      );
      await until("one replica is left", () => scene.records.replicas("flowers").length === 1);
      changing = false;
      await asking;
      assert.deepEqual(failures, []);
      const again = await testEndpoint(scene, endpoint);
      assert.ok(again.passed, JSON.stringify(again.checks));
    }, { MLMCP_TLS_CERT_FILE: files.cert, MLMCP_TLS_KEY_FILE: files.key });
  });
});

Deno.test("a broken certificate refuses a first deployment with the reason, and does not end what serves", async () => {
  await withFiles(async (files) => {
    await withScene(async (scene) => {
      const { one, houses } = scene.models;
      await deployModel(scene, { model_id: one.model_id, require_gate: false }, scene.waiting);
      const pids = scene.pids();
      await Deno.writeTextFile(files.cert, CERTIFICATES.two.cert);
      const { checks } = await testEndpoint(scene, scene.records.endpoint("flowers")!);
      assert.match(checks[0].detail, /Cannot trust .* Look at serving\.tls_cert_file/, "with the way out");
      await Deno.writeTextFile(files.cert, "no certificate");
      await assert.rejects(
        deployModel(scene, { model_id: houses.model_id, require_gate: false }, scene.waiting),
        (error) => error instanceof AppError && /TLS/.test(error.message) && /PEM/.test(error.hint),
      );
      // A spare that tries the new certificate may stand beside it for a moment.
      assert.ok(pids.every((pid) => scene.pids().includes(pid)), "what served serves on");
      const plain = createEndpoint(scene, { name: "plain", tls: false }, "tester").endpoint;
      assert.equal(plain.tls, false);
    }, { MLMCP_TLS_CERT_FILE: files.cert, MLMCP_TLS_KEY_FILE: files.key });
  });
  await withScene((scene) => {
    assert.throws(
      () => createEndpoint(scene, { name: "secret", tls: true }, "tester"),
      (error) => error instanceof AppError && /serving\.tls_cert_file is not set/.test(error.message),
    );
    assert.equal(scene.records.endpoint("secret"), null);
  });
});
