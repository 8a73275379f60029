/**
 * Manifests for any cluster: no privileges, nothing writable, no token of the cluster, nobody to call.
 * Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (restricted)
 */
import { stringify } from "yaml";
import { environmentOf, type Exported, imageOf, memoryOf, PORT, USER } from "./exported.ts";

type Manifest = Record<string, unknown>;

/** By file name. */
export function kubernetesFiles(exported: Exported): Record<string, string> {
  const manifests: Record<string, Manifest> = {
    "deployment.yaml": deployment(exported),
    "service.yaml": service(exported),
    "autoscaler.yaml": autoscaler(exported),
    "network-policy.yaml": networkPolicy(exported),
    "disruption-budget.yaml": disruptionBudget(exported),
  };
  if (Object.keys(environmentOf(exported)).length > 0) manifests["secret.yaml"] = secret(exported);
  return {
    ...Object.fromEntries(Object.entries(manifests).map(([name, value]) => [name, stringify(value)])),
    "kustomization.yaml": stringify({
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: Object.keys(manifests),
      images: [{ name: imageOf(exported).split(":")[0], newTag: imageOf(exported).split(":")[1] }],
    }),
  };
}

/** A name as Kubernetes takes it (RFC 1123): an endpoint's may hold underscores. */
export function nameOf({ endpoint }: Exported): string {
  return `mlmcp-${endpoint.replaceAll("_", "-")}`;
}

function labels(exported: Exported): Record<string, string> {
  return { "app.kubernetes.io/name": nameOf(exported), "app.kubernetes.io/managed-by": "mlmcp" };
}

function metadata(exported: Exported, name = nameOf(exported)): Manifest {
  return { name, labels: labels(exported) };
}

function selector(exported: Exported): Manifest {
  return { matchLabels: { "app.kubernetes.io/name": nameOf(exported) } };
}

function deployment(exported: Exported): Manifest {
  const { request_mb, limit_mb } = memoryOf(exported);
  const probe = (path: string, more: Manifest) => ({ httpGet: { path, port: "http" }, ...more });
  const hasSecret = Object.keys(environmentOf(exported)).length > 0;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      ...metadata(exported),
      annotations: {
        "mlmcp/model": exported.model_id,
        "mlmcp/deployment": String(exported.version),
        "mlmcp/artifact-sha256": exported.artifact_sha256,
      },
    },
    spec: {
      replicas: exported.replicas,
      revisionHistoryLimit: 5,
      selector: selector(exported),
      // A new version takes over only where it has said that it is ready; none goes before one has come.
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: labels(exported) },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 40,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [{
            name: "model",
            image: imageOf(exported),
            imagePullPolicy: "IfNotPresent",
            ports: [{ name: "http", containerPort: PORT, protocol: "TCP" }],
            ...(hasSecret ? { envFrom: [{ secretRef: { name: nameOf(exported) } }] } : {}),
            resources: {
              requests: { cpu: "250m", memory: `${request_mb}Mi` },
              limits: { cpu: "1", memory: `${limit_mb}Mi` },
            },
            startupProbe: probe("/health/ready", { periodSeconds: 1, failureThreshold: 60 }),
            readinessProbe: probe("/health/ready", { periodSeconds: 5, failureThreshold: 2 }),
            livenessProbe: probe("/health/live", { periodSeconds: 10, failureThreshold: 3 }),
            // The cluster takes a while to send nobody here any more; until then requests are answered.
            lifecycle: { preStop: { sleep: { seconds: 5 } } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              privileged: false,
              capabilities: { drop: ["ALL"] },
            },
          }],
        },
      },
    },
  };
}

function service(exported: Exported): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      ...metadata(exported),
      annotations: {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "80",
        "prometheus.io/path": "/metrics",
      },
    },
    spec: {
      type: "ClusterIP",
      selector: { "app.kubernetes.io/name": nameOf(exported) },
      ports: [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }],
    },
  };
}

function autoscaler(exported: Exported): Manifest {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: metadata(exported),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: nameOf(exported) },
      minReplicas: exported.replicas,
      maxReplicas: Math.max(4, 4 * exported.replicas),
      metrics: [{
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
      }],
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    },
  };
}

/** Whoever is in the namespace may ask; the model itself may call nobody. */
function networkPolicy(exported: Exported): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata(exported),
    spec: {
      podSelector: selector(exported),
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [{ podSelector: {} }], ports: [{ protocol: "TCP", port: "http" }] }],
      egress: [],
    },
  };
}

function disruptionBudget(exported: Exported): Manifest {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: metadata(exported),
    spec: { maxUnavailable: 1, selector: selector(exported) },
  };
}

/** Hashes of the keys, not the keys. */
function secret(exported: Exported): Manifest {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadata(exported),
    type: "Opaque",
    stringData: environmentOf(exported),
  };
}
