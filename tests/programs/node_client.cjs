// Reports what happens in it through Rollbar's own client for node, and prints a line for each outcome.
// Arguments: the item's endpoint, the access token, more options as JSON, the size of the message in characters.
const Rollbar = require("rollbar");

const [endpoint, accessToken, options, size] = process.argv.slice(2);
const rollbar = new Rollbar({
  accessToken,
  endpoint,
  environment: "node-test",
  captureUncaught: true,
  captureUnhandledRejections: true,
  exitOnUncaughtException: false,
  codeVersion: "1.2.3",
  payload: { person: { id: 7, username: "ann" } },
  ...JSON.parse(options),
});

function outcome(name) {
  return new Promise((resolve) => {
    const tell = (error, answer) => {
      console.log(JSON.stringify({ name, error: error ? String(error.message || error) : null, answer: answer || null }));
      resolve();
    };
    const report = {
      error: () => {
        try {
          try {
            throw new RangeError("no luck");
          } catch (error) {
            throw new Error("outer", { cause: error });
          }
        } catch (error) {
          rollbar.error(error, { order: 5 }, tell);
        }
      },
      message: () => rollbar.warning("a message " + "x".repeat(Number(size)), { k: "v" }, tell),
      critical: () => rollbar.critical("third", tell),
    };
    report[name]();
  });
}

async function main() {
  for (const name of ["error", "message", "critical"]) await outcome(name);
  Promise.reject(new TypeError("rejected"));
  setTimeout(() => {
    throw new SyntaxError("uncaught");
  }, 1);
  setTimeout(() => rollbar.wait(() => process.exit(0)), 50);
}

main();
