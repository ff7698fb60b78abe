import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { loadShelf } from "./catalogue.ts";
import { openRoom } from "./room.ts";
import { visitorId } from "./visitor.ts";

const root = createRoot(document.getElementById("root")!);

try {
  const setup = await fetch("/player/setup.json");
  const { writeKey } = (await setup.json()) as { writeKey: string };
  const shelf = await loadShelf();
  root.render(<App room={openRoom(visitorId(), writeKey, shelf)} shelf={shelf} />);
} catch (error) {
  root.render(
    <main>
      <h1>The player cannot reach its server.</h1>
      <p>{String(error)}</p>
    </main>,
  );
}
