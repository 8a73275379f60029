import assert from "node:assert/strict";
import { deployModel } from "@/deployment/deploy.ts";
import { type Scene, withScene } from "./scene.ts";

/** Scenes side by side, each with a home and a supervisor of its own. */
async function withScenes(
  count: number,
  port: number,
  work: (scenes: Scene[]) => Promise<void>,
): Promise<void> {
  const scenes: Scene[] = [];
  const open = async (): Promise<void> => {
    if (scenes.length === count) return await work(scenes);
    await withScene(async (scene) => {
      scenes.push(scene);
      await open();
    }, { MLMCP_PORT_FROM: String(port) });
  };
  await open();
}

Deno.test("homes that deploy at once never share a port, though their replicas could", async () => {
  const port = 40000 + Deno.pid % 10000;
  await withScenes(4, port, async (scenes) => {
    const deployed = await Promise.all(scenes.map((scene) =>
      deployModel(scene, {
        model_id: scene.models.one.model_id,
        endpoint: "same-name",
        replicas: 2,
        require_gate: false,
      }, scene.waiting)
    ));
    const urls = deployed.map(({ url }) => url);
    assert.equal(new Set(urls).size, scenes.length, urls.join(" "));
    for (const [i, scene] of scenes.entries()) {
      assert.equal((await scene.predict(urls[i])).status, 200);
    }
  });
});
