// On every page: who is answering.
import { alarm, at, post } from "./api.js";

const naming = at("naming");
const name = at("naming-name");

at("who").addEventListener("click", () => {
  naming.showModal();
  name.select();
});

naming.addEventListener("close", async () => {
  if (naming.returnValue !== "save") return;
  try {
    await post("/api/annotator", { name: name.value });
    location.reload();
  } catch (refused) {
    alarm(refused.message);
  }
});
