/** What /openapi.json says of POST /explain. */
import type { Operation, Schema } from "./openapi.ts";

export function explainOperation(
  label: Schema,
  row: unknown,
  refusals: Operation["responses"],
): Operation {
  return {
    summary: "What each value of a row does to its prediction",
    description:
      "The change when that value is taken away: in the prediction, or in the probability of the predicted class.",
    operationId: "explain",
    requestBody: {
      required: true,
      content: {
        "application/json": {
          schema: {
            type: "object",
            additionalProperties: false,
            required: ["row"],
            properties: { row: { $ref: "#/components/schemas/Row" } },
          },
          example: { row },
        },
      },
    },
    responses: {
      "200": {
        description: "The prediction and the effects, the largest first",
        content: {
          "application/json": {
            schema: {
              type: "object",
              required: ["prediction", "effects", "model"],
              properties: {
                prediction: label,
                effects: {
                  type: "array",
                  items: {
                    type: "object",
                    required: ["column", "without", "effect"],
                    properties: {
                      column: { type: "string" },
                      without: { ...label, description: "The prediction if this value were missing" },
                      effect: { type: "number" },
                    },
                  },
                },
                model: { type: "string" },
              },
            },
          },
        },
      },
      ...refusals,
    },
  };
}
