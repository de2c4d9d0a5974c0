// Reads queries, a JSON list, from standard input, runs each in DuckDB in the working
// directory, and prints their columns and rows as JSON.
import { text } from "node:stream/consumers";
import { DuckDBInstance } from "@duckdb/node-api";

const connection = await (await DuckDBInstance.create(":memory:")).connect();
await connection.run("SET TimeZone = 'UTC'; SET threads = 1");
const answers = [];
for (const query of JSON.parse(await text(process.stdin))) {
  const reader = await connection.runAndReadAll(query);
  answers.push({ columns: reader.columnNames(), rows: reader.getRowsJson() });
}
console.log(JSON.stringify(answers));
