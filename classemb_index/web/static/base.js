// On every page: who is answering.
import { post, alarm } from "./api.js";

const naming = document.getElementById("naming");
const name = document.getElementById("naming-name");

document.getElementById("who").addEventListener("click", () => {
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
