// Says what X's own edition of twitter-text makes of each text on standard input (a JSON string a
// line). The first argument is the folder in which npm has installed it.
const twitter = require(`${process.argv[2]}/node_modules/twitter-text`);
const spans = (entities) => entities.map((entity) => entity.indices);

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const text = JSON.parse(line);
    const found = {
      weight: twitter.parseTweet(text).weightedLength,
      links: twitter.extractUrlsWithIndices(text),
      mentions: spans(twitter.extractMentionsOrListsWithIndices(text)),
      cashtags: spans(twitter.extractCashtagsWithIndices(text)),
    };
    process.stdout.write(`${JSON.stringify(found)}\n`);
  });
