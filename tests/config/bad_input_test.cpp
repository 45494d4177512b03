// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "config/load_config.h"
#include "core/philox.h"
#include "core/text.h"
#include "temporary_folder.h"

namespace fixynn {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct BadFile {
  std::string text;
  std::string message;  ///< after the file's path
};

void expect_messages(const std::vector<BadFile>& cases) {
  TemporaryFolder folder;
  for (const BadFile& bad : cases) {
    const auto path = folder.write("c.yaml", bad.text);
    EXPECT_EQ(error_of(path), path.string() + bad.message) << bad.text.substr(0, 200);
  }
}

TEST(BadInput, UnknownKeysGetTheNearestOne) {
  expect_messages({
      {"data:\n  siez: 32\n", ":2:3: data.siez: unknown key; did you mean 'data.size'?"},
      {"epochs: 3\n", ":1:1: epochs: unknown key; did you mean 'train.epochs'?"},
      {"train: {epohcs: 3}\n", ":1:9: train.epohcs: unknown key; did you mean 'train.epochs'?"},
      {"trian:\n  epochs: 3\n", ":1:1: trian: unknown key; did you mean 'train'?"},
      {"model: {size: 3}\n", ":1:9: model.size: unknown key; did you mean 'data.size'?"},
      {"ffe:\n  layers:\n    3: {weight_bit: 3}\n",
       ":3:9: ffe.layers.3.weight_bit: unknown key; did you mean 'ffe.layers.3.weight_bits'?"},
      {"ffe: {layers: {14: {weight_bits: 3}}}\n",
       ":1:16: ffe.layers.14: unknown key; expected a layer's number in 0..13"},
      {"ffe: {layers: {03: {weight_bits: 3}}}\n",
       ":1:16: ffe.layers.03: unknown key; expected a layer's number in 0..13"},
      {"qqqqqqqqqq: 3\n",
       ":1:1: qqqqqqqqqq: unknown key; expected one of parent, name, fixed_layers, seeds, data, augment, "
       "model, ffe, "
       "back_end, train, engine"},
  });
}

TEST(BadInput, DuplicateKeys) {
  expect_messages({
      {"train:\n  epochs: 3\n  batch_size: 2\n  epochs: 4\n",
       ":4:3: train.epochs: duplicate key, first given in line 2; remove one of the two"},
      {"name: a\ndata: {root: x, root: y}\n",
       ":2:17: data.root: duplicate key, first given in line 2; remove one of the two"},
      {"data: {root: x}\nseeds: [1]\ndata: {size: 32}\n",
       ":3:1: data: duplicate key, first given in line 1; remove one of the two"},
  });
}

TEST(BadInput, MistypedValues) {
  expect_messages({
      {"train:\n  epochs: many\n", ":2:11: train.epochs: expected an integer in 1..10000, got 'many'"},
      {"train:\n  epochs: 3.0\n", ":2:11: train.epochs: expected an integer in 1..10000, got '3.0'"},
      {"train:\n  epochs:\n  momentum: 0\n",
       ":2:3: train.epochs: expected an integer in 1..10000, got nothing"},
      {"train:\n  epochs: [3]\n", ":2:11: train.epochs: expected an integer in 1..10000, got a list"},
      {"train:\n  epochs: {a: 3}\n", ":2:11: train.epochs: expected an integer in 1..10000, got a section"},
      {"data: {size: \"64\"}\n",
       ":1:14: data.size: expected an integer in 32..1024, got the text \"64\"; remove the quotes"},
      {"data: {size: 064}\n",
       ":1:14: data.size: expected an integer in 32..1024, got '064'; leading zeros are not allowed, since "
       "some "
       "readers take them for octal"},
      {"data: {size: 0x40}\n", ":1:14: data.size: expected an integer in 32..1024, got '0x40'"},
      {"train: {learning_rate: .5}\n",
       ":1:24: train.learning_rate: expected a number in 1e-07..10, got '.5'"},
      {"train: {learning_rate: .nan}\n",
       ":1:24: train.learning_rate: expected a number in 1e-07..10, got '.nan'"},
      {"train: {learning_rate: nan}\n",
       ":1:24: train.learning_rate: expected a number in 1e-07..10, got 'nan'"},
      {"augment:\n  flip: yes\n",
       ":2:9: augment.flip: expected true or false, got 'yes'; did you mean 'true'?"},
      {"engine: {precision: fp16}\n",
       ":1:21: engine.precision: expected one of fp32, tf32, bf16, got 'fp16'; did you mean 'fp32'?"},
      {"engine: {convolutions: thrust}\n",
       ":1:24: engine.convolutions: expected one of custom, cudnn, got 'thrust'"},
      {"engine: {device: gpu}\n",
       ":1:18: engine.device: expected one of auto, cpu, cuda, got 'gpu'; did you mean 'cpu'?"},
      {"engine: {threads: -1}\n", ":1:19: engine.threads: expected an integer in 0..1024, got '-1'"},
      {"data:\n  kind: gtsbr\n",
       ":2:9: data.kind: expected one of gtsrb, cifar10, cifar100, folder, list, got 'gtsbr'; did you mean "
       "'gtsrb'?"},
      {"data:\n  root: 12\n", ":2:9: data.root: expected a path, got '12'; write it in quotes"},
      {"data: {root: \"a\\x07\"}\n",
       ":1:14: data.root: expected a path, got the text \"a\\x07\"; control characters are not allowed"},
      {"train: 3\n", ":1:8: train: expected a section of keys with values, got '3'"},
      {"train:\nname: a\n",
       ":1:1: train: expected a section of keys with values, got nothing; remove the line if all defaults "
       "are meant"},
      {"fixed_layers: {a: 1}\n",
       ":1:15: fixed_layers: expected a list of integers in 0..14 without repeats, got a section"},
  });
}

TEST(BadInput, ValuesOutOfRange) {
  expect_messages({
      {"data: {size: 16}\n", ":1:14: data.size: expected an integer in 32..1024, got '16'"},
      {"data: {size: 99999999999999999999}\n",
       ":1:14: data.size: expected an integer in 32..1024, got '99999999999999999999'"},
      {"train: {learning_rate: 1e999}\n",
       ":1:24: train.learning_rate: expected a number in 1e-07..10, got '1e999'"},
      {"train: {learning_rate: .inf}\n",
       ":1:24: train.learning_rate: expected a number in 1e-07..10, got '.inf'"},
      {"model: {alpha: 0.3}\n", ":1:16: model.alpha: expected one of 0.25, 0.5, 0.75, 1.0, got '0.3'"},
      {"ffe: {weight_bits: 9}\n",
       ":1:20: ffe.weight_bits: expected a number of bits in 2..8, or float, got '9'"},
      {"ffe: {weight_bits: 1}\n",
       ":1:20: ffe.weight_bits: expected a number of bits in 2..8, or float, got '1'"},
      {"back_end: {bits: flaot}\n",
       ":1:18: back_end.bits: expected a number of bits in 2..8, or float, got 'flaot'; did you mean "
       "'float'?"},
      {"fixed_layers: [0, 15]\n", ":1:19: fixed_layers[1]: expected an integer in 0..14, got '15'"},
      {"fixed_layers:\n  - 0\n  - -1\n", ":3:5: fixed_layers[1]: expected an integer in 0..14, got '-1'"},
      {"fixed_layers: 15\n",
       ":1:15: fixed_layers: expected a list of integers in 0..14 without repeats, got '15'"},
      {"fixed_layers: [0, 4, 4]\n", ":1:22: fixed_layers[2]: expected a list without repeats, got 4 twice"},
      {"fixed_layers: []\n",
       ":1:15: fixed_layers: expected a list of integers in 0..14 without repeats, got an empty list"},
      {"seeds: [1, -2]\n", ":1:12: seeds[1]: expected an integer in 0..9007199254740991, got '-2'"},
      {"seeds: [7, 7]\n", ":1:12: seeds[1]: expected a list without repeats, got 7 twice"},
      {"name: a/b\n",
       ":1:7: name: expected a name of at most 64 letters, digits, '.', '_' and '-' that starts with a "
       "letter, digit "
       "or '_', got 'a/b'"},
  });
}

TEST(BadInput, ValuesThatContradictEachOther) {
  expect_messages({
      {"name: a\n",
       ": data.root: expected the folder of the data set, got nothing; set it there or with --set "
       "data.root=FOLDER"},
      {"data: {root: x}\nffe: {weight_bits: float}\n",
       ":2:20: ffe.activation_bits: expected float, because ffe.weight_bits is float; the FFE is float as a "
       "whole or "
       "not at all"},
      {"data: {root: x}\nffe: {layers: {3: {activation_bits: float}}}\n",
       ":2:37: ffe.layers.3.activation_bits: expected a number of bits in 2..8, because ffe.activation_bits "
       "is not "
       "float; the FFE is float as a whole or not at all"},
      {"data: {root: x}\nffe: {weight_bits: float, activation_bits: float, layers: {3: {weight_bits: 4}}}\n"
       "back_end: {bits: float}\n",
       ":2:77: ffe.layers.3.weight_bits: expected float, because ffe.weight_bits is float; the FFE is float "
       "as a "
       "whole or not at all"},
      {"data: {root: x}\nffe: {weight_bits: float, activation_bits: float}\nback_end: {bits: 8}\n",
       ":3:18: back_end.bits: expected float, because the FFE is float and integers cannot follow float "
       "layers"},
  });
}

TEST(BadInput, TextThatIsNoConfiguration) {
  const std::string nothing =
      ": expected keys with values, such as 'data:' with 'root: FOLDER' below it, got an empty "
      "file";
  const std::string expected =
      "expected keys with values, such as 'data:' with 'root: FOLDER' below it, got ";
  expect_messages({
      {"", nothing},
      {"# only a comment\n", nothing},
      {",", ":1:1: something follows the end of the YAML document (a stray ',' or '---'); remove it"},
      {"name: a\n---\nname: b\n",
       ":2:1: something follows the end of the YAML document (a stray ',' or '---'); remove it"},
      {"hello\n", ":1:1: " + expected + "'hello'"},
      {"- 1\n", ":1:1: " + expected + "a list"},
      {"name: [a\n", ":1:7: the bracket '[' that opens here is never closed"},
      {"name: \"a\n", ":1:7: the quote that opens here is never closed"},
      {"train:\n\tepochs: 3\n", ":2:1: a tab in the indentation; YAML is indented with spaces"},
      {"name: a: b\n", ":1:8: not valid YAML: illegal map value"},
      {"? [a]\n: b\n", ":1:3: a key must be a single word, not a list or a section"},
      {": b\n", ":1:1: a key is missing before ':'"},
      {"data: &d {root: x}\n",
       ":1:7: anchors (&name) and aliases (*name) are not allowed in a configuration; write the value out"},
      {"data: {size: !!int \"3\"}\n",
       ":1:14: the tag 'tag:yaml.org,2002:int' is not allowed in a configuration; write the plain value"},
      {std::string("name: a\ndata: \0x\n", 17),
       ":2:7: expected YAML text in UTF-8, got the byte 0x00; is this the right file?"},
      {"name: \xFF\n", ":1:7: expected YAML text in UTF-8, got the byte 0xFF; is this the right file?"},
      {"\x7F"
       "ELF\x02\x01",
       ":1:1: expected YAML text in UTF-8, got the byte 0x7F; is this the right file?"},
  });
}

TEST(BadInput, FloodsEndAtOnce) {
  const auto repeat = [](const std::string& piece, size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += piece;
    return text;
  };
  std::string staircase;
  for (size_t i = 0; i < 1000; ++i) staircase += std::string(i, ' ') + "a:\n";
  const std::string deep = "brackets or indentation nest more than 32 deep; a configuration needs 4 levels";
  const auto start = std::chrono::steady_clock::now();
  expect_messages({
      {std::string(10'000'000, '['),
       ": is larger than 1024 KiB, which no configuration is; is this the right file?"},
      {std::string(1'000'000, '['), ":1:33: " + deep},
      {repeat("{a: ", 200'000), ":1:129: " + deep},
      {repeat("- ", 500'000), ":1:65: " + deep},
      {staircase, ":33:33: " + deep},
      {std::string(900'000, ','),
       ":1:1: something follows the end of the YAML document (a stray ',' or '---'); remove it"},
  });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(BadInput, FilesThatCannotBeRead) {
  TemporaryFolder folder;
  EXPECT_EQ(error_of(folder.path("none.yaml")),
            folder.path("none.yaml").string() + ": cannot read the configuration: No such file or directory");
  std::filesystem::create_directories(folder.path("sub"));
  EXPECT_EQ(error_of(folder.path("sub")),
            folder.path("sub").string() + ": expected a configuration file, got a folder");
}

TEST(BadInput, MessagesStayOnOneLineAndPrintable) {
  TemporaryFolder folder;
  const auto path = folder.write("c.yaml", "\"a\\nb\\e[31m" + std::string(500, 'k') + "\": 1\n");
  const std::string message = error_of(path);
  EXPECT_THAT(message, StartsWith(path.string() + ":1:1: a\\nb\\x1B[31mkkk"));
  EXPECT_THAT(message, HasSubstr("...: unknown key"));
  EXPECT_LT(message.size(), path.string().size() + 300);
}

/// Whatever a file holds: a configuration or one Error, and no crash (the asan preset looks closer).
/// FIXYNN_FUZZ_ROUNDS asks for more rounds.
TEST(BadInput, RandomDamageGivesOneSentence) {
  TemporaryFolder folder;
  const std::string good =
      "# a comment [\nparent: base.yaml\nname: \"a b\"\ndata:\n  kind: gtsrb\n  root: 'it''s'\n  size: 64\n"
      "augment: {flip: true, shift: 0.1}\nffe: {weight_bits: 8, layers: {3: {weight_bits: 6}}}\n"
      "fixed_layers:\n  - 0\n  - 4\nseeds: [1, 2]\ntrain:\n  learning_rate: 4.0e-5\n  epochs: 3\n  "
      "warmup_epochs: 0\n";
  const std::string pieces[] = {"[",        "]",
                                "{",        "}",
                                ",",        ":",
                                ": ",       "- ",
                                "? ",       "&a ",
                                "*a",       "!!int ",
                                "|",        ">",
                                "\"",       "'",
                                "#",        "%",
                                "@",        "`",
                                "\n",       "\t",
                                " ",        "---",
                                "...",      "\xEF\xBB\xBF",
                                "\xC3\xA9", std::string(1, '\0'),
                                "\xFF",     "0",
                                "-",        "1e9",
                                "<<: ",     "~",
                                "\\",       "\r",
                                "\n  "};
  folder.write("base.yaml", "data: {root: x}\n");
  const char* asked = std::getenv("FIXYNN_FUZZ_ROUNDS");
  const int rounds = asked != nullptr ? std::atoi(asked) : 1000;
  RandomSequence random(1, RandomStream::kSynthesise, 0);
  int loaded = 0, refused = 0;
  for (int round = 0; round < rounds; ++round) {
    std::string text = good;
    const uint32_t changes = 1 + random.below(4);
    for (uint32_t change = 0; change < changes && !text.empty(); ++change) {
      const size_t at = random.below(static_cast<uint32_t>(text.size()));
      switch (random.below(4)) {
        case 0:
          text.insert(at, pieces[random.below(std::size(pieces))]);
          break;
        case 1:
          text.erase(at, 1 + random.below(8));
          break;
        case 2:
          text[at] = static_cast<char>(random.below(256));
          break;
        default:
          text.insert(at,
                      text.substr(random.below(static_cast<uint32_t>(text.size())), 1 + random.below(30)));
      }
    }
    try {
      load_config(folder.write("c.yaml", text), {});
      ++loaded;
    } catch (const Error& error) {
      ++refused;
      const std::string message = error.what();
      ASSERT_EQ(message.find('\n'), std::string::npos) << message;
      ASSERT_EQ(find_invalid_utf8(message), std::string::npos) << message;
    }
  }
  EXPECT_GT(refused, rounds / 4);
  EXPECT_GE(loaded, 1);
}

}  // namespace
}  // namespace fixynn
