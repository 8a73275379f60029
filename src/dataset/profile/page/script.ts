/** Sorting and filtering of the cards. Without it the page shows them all, in the order of the table. */
export const SCRIPT = `
(() => {
  const box = document.querySelector(".cards");
  const tools = document.querySelector(".tools");
  if (!box || !tools) return;
  const cards = [...box.querySelectorAll(".card")];
  const [find, type, order] = ["find", "type", "order"].map((id) => document.getElementById(id));
  const said = document.getElementById("shown");
  const by = {
    place: (a, b) => a.dataset.place - b.dataset.place,
    name: (a, b) => a.dataset.name.localeCompare(b.dataset.name),
    share: (a, b) => b.dataset.share - a.dataset.share,
    missing: (a, b) => b.dataset.missing - a.dataset.missing,
    distinct: (a, b) => b.dataset.distinct - a.dataset.distinct,
  };
  const show = () => {
    const text = find.value.trim().toLowerCase();
    let shown = 0;
    for (const card of cards) {
      card.hidden = !card.dataset.name.toLowerCase().includes(text) || (type.value !== "" && card.dataset.type !== type.value);
      if (!card.hidden) shown++;
    }
    cards.sort((a, b) => by[order.value](a, b) || by.place(a, b));
    box.append(...cards);
    said.textContent = shown === cards.length ? "" : shown + " of " + cards.length + " columns";
  };
  tools.hidden = false;
  find.addEventListener("input", show);
  type.addEventListener("change", show);
  order.addEventListener("change", show);
})();
`;
