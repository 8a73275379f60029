/** POST /feedback as the OpenAPI document describes it. */
import type { Operation, Schema } from "./openapi.ts";
import type { ServedModel } from "./served_model.ts";

export function feedbackOperation(
  { signature: { output }, artifact: { golden } }: ServedModel,
  failures: Operation["responses"],
): Operation {
  const properties: Record<string, Schema> = {
    request_id: { type: "string", description: "The header x-request-id of the prediction's answer" },
    row: { type: "integer", minimum: 0, description: "Which row of that request, from 0; 0 when left out" },
    actual: output.classes
      ? { enum: output.classes, description: `The true "${output.name}"` }
      : { type: "number", description: `The true "${output.name}"` },
  };
  const entry = {
    type: "object",
    additionalProperties: false,
    required: ["request_id", "actual"],
    properties,
  };
  const body = {
    anyOf: [entry, {
      type: "object",
      additionalProperties: false,
      required: ["rows"],
      properties: { rows: { type: "array", minItems: 1, items: entry } },
    }],
  };
  const example = { request_id: "7f3a91c2-1", actual: golden.predictions[0] };
  return {
    summary: `Tell the true ${output.name} of rows that were predicted`,
    description:
      "Whether a label met its prediction, and how right the model was, shows in the endpoint's status.",
    operationId: "feedback",
    parameters: [{
      name: "Prefer",
      in: "header",
      required: false,
      schema: { type: "string", examples: ["wait=5"] },
      description:
        "wait=5: wait so many seconds, at most 10, to hear whether the labels met their predictions",
    }],
    requestBody: { required: true, content: { "application/json": { schema: body, example } } },
    responses: {
      "200": {
        description: "So many rows were taken",
        content: {
          "application/json": {
            schema: {
              type: "object",
              required: ["accepted"],
              properties: {
                accepted: { type: "integer" },
                matched: { type: "integer", description: "With Prefer: wait" },
                unmatched: { type: "array", items: { type: "object" }, description: "With Prefer: wait" },
              },
            },
            example: { accepted: 1 },
          },
        },
      },
      "404": { description: "With Prefer: wait: none of the labels met a prediction" },
      ...failures,
    },
  };
}
