/**
 * The image: this binary and one model, nothing else. Distroless, since the binary needs the C library and no shell.
 * Source: https://docs.docker.com/reference/dockerfile/, https://github.com/GoogleContainerTools/distroless
 */
import { environmentOf, type Exported, PORT, USER } from "./exported.ts";

export function dockerfile(exported: Exported): string {
  const { model_id, endpoint, version, artifact_sha256 } = exported;
  // In the image, so that it is as closed wherever it is started; what it is started with wins.
  const environment = Object.entries(environmentOf(exported)).map(([name, value]) =>
    `ENV ${name}="${value}"\n`
  );
  return `# ${model_id}, version ${version} of the endpoint "${endpoint}"
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="${endpoint}" \\
      org.opencontainers.image.version="${version}" \\
      mlmcp.model="${model_id}" \\
      mlmcp.artifact.sha256="${artifact_sha256}"
COPY --chmod=0555 mlmcp /mlmcp
COPY --chmod=0444 model.safetensors /model.safetensors
${environment.join("")}USER ${USER}:${USER}
EXPOSE ${PORT}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \\
  CMD ["/mlmcp", "serve", "--probe", "--port", "${PORT}"]
ENTRYPOINT ["/mlmcp", "serve", "/model.safetensors", "--host", "0.0.0.0", "--port", "${PORT}"]
CMD ["--endpoint", "${endpoint}", "--model", "${model_id}", "--deployment", "${version}"]
`;
}

/** Nothing else of the folder goes to the builder. */
export const DOCKERIGNORE = `*
!mlmcp
!model.safetensors
`;
