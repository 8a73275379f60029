import assert from "node:assert/strict";
import { decodeArtifact } from "@/artifact/artifact.ts";
import { replayGolden } from "@/artifact/golden.ts";
import { predictRows } from "@/artifact/predict_rows.ts";
import { signatureOf } from "@/artifact/signature.ts";
import { inferTypes } from "@/dataset/infer_types.ts";
import { readCsv } from "@/dataset/read_csv.ts";
import { ESTIMATORS } from "@/ml/estimators.ts";
import { fitPipeline, predictScores } from "@/ml/pipeline.ts";
import type { ModelProfile } from "@/monitoring/model_profile.ts";
import { AppError } from "@/shared/errors.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "@/shared/safetensors.ts";
import { smallArtifact, smallPipeline, smallTable } from "../small_model.ts";

Deno.test("every algorithm's model survives writing and reading to the last bit, and gives its golden rows", () => {
  for (const { name, params } of ESTIMATORS) {
    for (const task of ["classification", "regression"] as const) {
      if (!params[task]) continue;
      const options = {
        algorithm: name,
        task,
        ...(name.includes("forest") || name.includes("extra") ? { params: { n_estimators: 7 } } : {}),
      };
      const artifact = decodeArtifact(smallArtifact(options));
      const before = predictScores(smallPipeline(options), smallTable());
      assert.deepEqual(predictScores(artifact.pipeline, smallTable()), before, `${name} for ${task}`);
      assert.ok(replayGolden(artifact).every((check) => check.passed), `${name} for ${task}`);
    }
  }
});

Deno.test("encodeArtifact() gives the same bytes for the same data, parameters and seed, and others for another seed", () => {
  const forest = { algorithm: "random_forest", params: { n_estimators: 5 } };
  assert.deepEqual(smallArtifact({ ...forest, seed: 3 }), smallArtifact({ ...forest, seed: 3 }));
  assert.notDeepEqual(smallArtifact({ ...forest, seed: 3 }), smallArtifact({ ...forest, seed: 4 }));
});

Deno.test("decodeArtifact() or the golden rows refuse a file with any one byte flipped, or say nothing else than before", () => {
  const bytes = smallArtifact();
  const good = decodeArtifact(bytes);
  let refused = 0;
  for (let at = 0; at < bytes.length; at += 7) {
    const broken = bytes.slice();
    broken[at] ^= 0x20;
    try {
      const artifact = decodeArtifact(broken);
      assert.notEqual(artifact.sha256, good.sha256);
    } catch (error) {
      assert.ok(error instanceof AppError, `byte ${at}: ${error}`);
      refused++;
    }
  }
  assert.ok(refused > 0);
});

Deno.test("decodeArtifact() refuses a cut-off file at every length", () => {
  const bytes = smallArtifact();
  for (let length = 0; length < bytes.length; length += 101) {
    assert.throws(() => decodeArtifact(bytes.slice(0, length)), AppError);
  }
});

/** The parts of the description that these tests change. */
interface Document {
  extra?: number;
  format_version: number;
  baseline: { prior: number[] };
  pipeline: { algorithm: string; features: unknown[]; matrix_names: string[] };
  golden: { predictions: (string | number)[] };
  profile?: ModelProfile;
}

type Change = (document: Document, tensors: Record<string, Tensor>) => void;

/** The model with its description changed. */
function tampered(change: Change): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(smallArtifact());
  const arrays = Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data]));
  const document = JSON.parse(metadata.mlmcp);
  change(document, arrays);
  return encodeSafetensors(arrays, { mlmcp: JSON.stringify(document) });
}

Deno.test("decodeArtifact() names what is unknown, missing or of the wrong length", () => {
  const cases: [RegExp, Change][] = [
    [/extra/, (document) => document.extra = 1],
    [/format_version/, (document) => document.format_version = 99],
    [/nonsense/, (document) => document.pipeline.algorithm = "nonsense"],
    [/features/, (document) => document.pipeline.features = []],
    [/preparation/, (document) => document.pipeline.features.pop()],
    [/prior/, (document) => document.baseline.prior.push(1)],
    [/matrix_names/, (document) => document.pipeline.matrix_names.reverse()],
    [/golden/, (document) => document.golden.predictions.pop()],
    [/no column "wings"/, ({ profile }) => profile!.columns[0].name = "wings"],
    [/stands there twice/, ({ profile }) => profile!.columns.push(profile!.columns[0])],
    [/edges and counts differ/, ({ profile }) => profile!.columns[0].counts.pop()],
    [/edges do not rise/, ({ profile }) => profile!.columns[0].edges!.reverse()],
    [/bins are not those of numbers/, ({ profile }) => delete profile!.columns[0].edges],
    [/does not know the category "Mars"/, ({ profile }) => profile!.columns[2].categories![0] = "Mars"],
    [/profile.columns.0.counts.0/, ({ profile }) => profile!.columns[0].counts[0] = -1],
    [/profile.columns.0/, ({ profile }) => Object.assign(profile!.columns[0], { extra: 1 })],
    [/more rows are right than there are/, ({ profile }) => profile!.answers!.confidence!.right[1] = 1e6],
    [/confidence does not fit/, ({ profile }) => profile!.answers!.confidence = null],
    [/belongs to nothing/, (_, tensors) => tensors.stray = new Float64Array(2)],
  ];
  for (const [expected, change] of cases) {
    assert.throws(
      () => decodeArtifact(tampered(change)),
      (error: AppError) => error.code === "data_loss" && expected.test(error.message),
      String(expected),
    );
  }
});

Deno.test("decodeArtifact() takes a model of before there was a profile", () => {
  assert.equal(decodeArtifact(tampered((document) => delete document.profile)).profile, null);
});

Deno.test("an artifact holds the profile of each feature, and no other column's", () => {
  const { profile } = decodeArtifact(smallArtifact());
  assert.deepEqual(profile!.columns.map(({ name }) => name), ["length", "width", "island"]);
  const [, width, island] = profile!.columns;
  assert.equal(width.missing, 8);
  assert.equal(width.counts.reduce((sum, count) => sum + count, 0), 112);
  assert.deepEqual(island.categories!.toSorted(), ["Biscoe", "Dream", "Torgersen"]);
});

Deno.test("replayGolden() sees a model that predicts otherwise than when it was made", () => {
  const changed = decodeArtifact(tampered((document) => {
    document.golden.predictions = document.golden.predictions.map((label) =>
      label === "Adelie" ? "Gentoo" : "Adelie"
    );
  }));
  assert.ok(replayGolden(changed).every((check) => !check.passed));
});

Deno.test("predictRows() takes rows as objects and as arrays, with missing values", () => {
  const artifact = decodeArtifact(smallArtifact());
  const byName = predictRows(artifact, [{ length: 40, width: 15, island: "Dream" }, { length: 48 }]);
  assert.deepEqual(byName.predictions, ["Adelie", "Gentoo"]);
  assert.equal(byName.probabilities![0].Adelie + byName.probabilities![0].Gentoo, 1);
  assert.deepEqual(
    predictRows(artifact, [[40, 15, "Dream"], [48, null, null]]).predictions,
    byName.predictions,
  );
});

Deno.test("predictRows() takes whole rows of the training table, and refuses columns that it never had", () => {
  const artifact = decodeArtifact(smallArtifact());
  const bare = predictRows(artifact, [{ length: 40, width: 15, island: "Dream" }]);
  const whole = { length: 40, width: 15, island: "Dream", mass: 4200, species: "Gentoo" };
  assert.deepEqual(predictRows(artifact, [whole]), bare);
  assert.throws(() => predictRows(artifact, [{ ...whole, wings: 2 }]), /no column "wings"/);
  assert.throws(() => predictRows(artifact, [{ mass: 4200 }]), /it has no values/);
});

Deno.test("predictRows() takes column names with blanks around them, as other readers of the file keep them", () => {
  const artifact = decodeArtifact(smallArtifact());
  assert.deepEqual(
    predictRows(artifact, [{ " length": 40, "width ": 15, island: "Dream" }]),
    predictRows(artifact, [{ length: 40, width: 15, island: "Dream" }]),
  );
  assert.throws(() => predictRows(artifact, [{ " length": 40, " wings": 2 }]), /no column "wings"/);
});

Deno.test("predictRows() takes the words for a missing value as missing", () => {
  const artifact = decodeArtifact(smallArtifact());
  const missing = predictRows(artifact, [{ length: 40, island: null }]);
  assert.deepEqual(predictRows(artifact, [{ length: 40, island: "NA" }]), missing);
});

Deno.test("predictRows() reads dates as the training table wrote them", () => {
  for (
    const [texts, same, other] of [
      [["13/01/2024", "02/03/2024"], "02/03/2024", "2024-03-02"],
      [["01/13/2024", "03/02/2024"], "03/02/2024", "2024-03-02"],
      [["13.1.2024", "2.3.2024"], "2.3.2024", "2024-03-02T00:00:00Z"],
      [["2024/1/13 08:30", "2024/3/2 00:00"], "2024/3/2", 1709337600000],
    ] as const
  ) {
    const lines = Array.from({ length: 60 }, (_, i) => `${texts[i % 2]},${i % 7},${i % 2 ? 3 : 90}`);
    const table = inferTypes(readCsv(new TextEncoder().encode(`day,n,y\n${lines.join("\n")}\n`)));
    const pipeline = fitPipeline(table, {
      target: "y",
      task: "regression",
      algorithm: "decision_tree",
      seed: 0,
    });
    assert.equal(pipeline.features[0].type, "date");
    const { predictions } = predictRows({ pipeline }, [{ day: same, n: 1 }, { day: other, n: 1 }]);
    assert.deepEqual(predictions, [3, 3], texts.join(" "));
    assert.throws(() => predictRows({ pipeline }, [{ day: "someday" }]), /row 0: column "day" must be a/);
  }
});

Deno.test("predictRows() warns of a category that training never saw, and predicts all the same", () => {
  const { predictions, warnings } = predictRows(decodeArtifact(smallArtifact()), [{
    length: 40,
    island: "Atlantis",
  }]);
  assert.equal(predictions.length, 1);
  assert.match(warnings[0], /row 0: column "island".*Atlantis/);
});

Deno.test("predictRows() names the row, the column and the rule when a value can't be used", () => {
  const artifact = decodeArtifact(smallArtifact());
  const cases: [unknown, RegExp][] = [
    [{ length: "40" }, /row 1: column "length" must be a number, not "40"/],
    [{ length: NaN }, /row 1: column "length" must be a number/],
    [{ length: Infinity }, /row 1: column "length" must be a number, not Infinity/],
    [{ length: -1e300 }, /row 1: column "length" must be between -1e150 and 1e150, not -1e\+300/],
    [{ length: true }, /row 1: column "length" must be a number, not true/],
    [{ island: ["Dream"] }, /row 1: column "island" must be text/],
    [{ length: 40, wings: 2 }, /row 1: the model has no column "wings"/],
    [{ length: 40, constructor: 2 }, /row 1: the model has no column "constructor"/],
    [[1, 2], /row 1: it has 2 values, the model takes 3/],
    [null, /row 1: it is null/],
    [7, /row 1: it is number/],
    [{}, /row 1: it has no values/],
  ];
  for (const [row, expected] of cases) {
    assert.throws(
      () => predictRows(artifact, [{ length: 40 }, row]),
      (error: AppError) => error.code === "invalid_argument" && expected.test(error.message),
      String(expected),
    );
  }
  assert.throws(() => predictRows(artifact, []), /no rows/);
});

Deno.test("signatureOf() tells columns, types, categories and ranges", () => {
  const { inputs, output } = signatureOf(decodeArtifact(smallArtifact()));
  assert.deepEqual(inputs.map(({ name, type }) => [name, type]), [["length", "number"], ["width", "number"], [
    "island",
    "category",
  ]]);
  assert.deepEqual(inputs[2].categories?.toSorted(), ["Biscoe", "Dream", "Torgersen"]);
  assert.ok(inputs[0].min! < 41 && inputs[0].max! > 47);
  assert.deepEqual(output, { name: "species", task: "classification", classes: ["Adelie", "Gentoo"] });
});
