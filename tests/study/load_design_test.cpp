// SPDX-License-Identifier: Apache-2.0
#include "study/load_design.h"

#include "study/study_fixtures.h"

namespace fixynn {
namespace {

using study_test::error_of;
using study_test::TemporaryFolder;
using study_test::write_small_model;
using study_test::write_small_network;
using study_test::write_text;
using testing::AllOf;
using testing::HasSubstr;

LoadedDesign load(const std::filesystem::path& path, std::optional<std::string> bits = {},
                  std::optional<double> sparsity = {}, std::optional<int> size = {}) {
  return load_design({path, std::move(bits), sparsity, size});
}

int64_t zeros(const QuantisedWeights& weights) {
  return std::count(weights.codes.begin(), weights.codes.end(), 0);
}

/// M and B of every channel.
std::vector<std::pair<int, int>> batch_norm(const IntegerConv& conv) {
  std::vector<std::pair<int, int>> parameters;
  for (const Requantizer& r : conv.requantizers) parameters.emplace_back(r.multiplier, r.bias);
  return parameters;
}

TEST(LoadDesign, ANetworkFileKeepsItsCodesAndCanCountActivity) {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  const IntegerNetwork network = write_small_network(path, 4);
  const LoadedDesign loaded = load(path);
  EXPECT_EQ(loaded.kind, LoadedDesign::Kind::kNetwork);
  EXPECT_EQ(loaded.design.source, path.string());
  ASSERT_TRUE(loaded.integer_network);
  for (size_t i = 0; i < 27; ++i) EXPECT_EQ(loaded.design.weights[i].codes, network.convs[i].weights.codes);
  // Anything that changes the codes or the picture leaves nothing to run.
  EXPECT_FALSE(load(path, "6").integer_network);
  EXPECT_FALSE(load(path, {}, 0.5).integer_network);
  EXPECT_FALSE(load(path, {}, {}, 64).integer_network);
  EXPECT_EQ(load(path, "6").parameters->values, network.parameters.values);
}

TEST(LoadDesign, ActivityTakesTheTrainedNetworkOrLowersTheDesign) {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  const IntegerNetwork network = write_small_network(path, 4);
  const ActivityNetwork trained = activity_network(load(path), 14);
  EXPECT_TRUE(trained.as_trained);
  EXPECT_EQ(batch_norm(trained.network.convs[5]), batch_norm(network.convs[5]));
  // Other bits, zeros or sizes: the design's codes with the trained batch norms.
  const LoadedDesign edited = load(path, "5/6", 0.5);
  const ActivityNetwork lowered = activity_network(edited, 14);
  EXPECT_FALSE(lowered.as_trained);
  ASSERT_EQ(lowered.network.convs.size(), 27u);
  for (size_t i = 0; i < 27; ++i) {
    EXPECT_EQ(lowered.network.convs[i].quant, (ConvQuant{5, 6}));
    EXPECT_EQ(lowered.network.convs[i].weights.codes, edited.design.weights[i].codes);
  }
  EXPECT_EQ(activity_network(load(path, {}, {}, 64), 14).network.network.input_size, 64);
  // At the trained bits nothing differs from what was trained.
  EXPECT_EQ(batch_norm(activity_network(load(path, "8"), 14).network.convs[26]),
            batch_norm(network.convs[26]));
  const auto model = folder / "model.safetensors";
  write_small_model(model);
  EXPECT_FALSE(activity_network(load(model, "6"), 3).as_trained);
  const std::string head = "data: {kind: gtsrb, root: nowhere, size: 64}\n";
  write_text(folder / "bare.yaml", head);
  EXPECT_THAT(error_of([&] { activity_network(load(folder / "bare.yaml"), 3); }),
              AllOf(HasSubstr("assumed weights"), HasSubstr("trained weights")));
}

TEST(LoadDesign, LayersBehindTheFrozenOnesGetItsBits) {
  const TemporaryFolder folder;
  const auto made = test::make_calibrated(32, 5, {8, 8});
  std::vector<ConvQuant> quant(27, {8, 8});
  for (size_t i = 0; i < 7; ++i) quant[i] = {5, 6};
  const auto frozen = freeze_weights(made.network, made.parameters, quant, 4);
  const auto network = lower_network(made.network, 4, quant, 8, made.parameters, frozen);
  const auto path = folder / "net.safetensors";
  write_network(path, network);
  const LoadedDesign loaded = load(path);
  for (const ConvQuant& conv : loaded.design.quant) EXPECT_EQ(conv, (ConvQuant{5, 6}));
  EXPECT_EQ(loaded.design.weights[3].codes, network.convs[3].weights.codes);
  EXPECT_EQ(loaded.design.weights[20].bits, 5);
  // The trained network has other bits behind them.
  EXPECT_TRUE(activity_network(loaded, 4).as_trained);
  const ActivityNetwork all = activity_network(loaded, 5);
  EXPECT_FALSE(all.as_trained);
  EXPECT_EQ(all.network.convs[26].quant, (ConvQuant{5, 6}));
}

TEST(LoadDesign, BitsSparsityAndSizeOfAFloatModel) {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  const ModelFile model = write_small_model(path);
  const LoadedDesign plain = load(path);
  EXPECT_EQ(plain.kind, LoadedDesign::Kind::kModel);
  EXPECT_EQ(plain.design.quant[26], (ConvQuant{8, 8}));
  const LoadedDesign asked = load(path, "8,6/4", 0.5, 96);
  EXPECT_EQ(asked.design.network.input_size, 96);
  EXPECT_EQ(asked.design.quant[0], (ConvQuant{8, 8}));
  EXPECT_EQ(asked.design.quant[1], (ConvQuant{6, 4}));
  EXPECT_EQ(asked.design.quant[26], (ConvQuant{6, 4}));
  EXPECT_EQ(asked.sparsity, 0.5);
  for (size_t i = 0; i < 27; ++i) {
    EXPECT_GE(2 * zeros(asked.design.weights[i]), model.network.convs[i].weight_count()) << i;
  }
}

TEST(LoadDesign, ARunIsItsNetworkWithTheMostLayers) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "networks");
  write_small_network(folder / "networks/fixed_04.safetensors", 4);
  write_small_network(folder / "networks/fixed_11_seed_2.safetensors", 11);
  write_small_network(folder / "networks/fixed_11.safetensors", 11);
  write_text(folder / "networks/fixed_14.safetensors.part", "half");
  write_text(folder / "networks/notes.txt", "mine");
  const LoadedDesign loaded = load(folder / "");
  EXPECT_EQ(loaded.kind, LoadedDesign::Kind::kRun);
  EXPECT_THAT(loaded.design.source, testing::EndsWith("networks/fixed_11.safetensors"));
  EXPECT_EQ(loaded.trained_layers, (std::vector<int>{4, 11}));
  EXPECT_EQ(loaded.frozen_layers, 11);
}

TEST(LoadDesign, AConfigurationHasItsWeightsOrSaysThatTheyAreAssumed) {
  const TemporaryFolder folder;
  const auto weights = folder / "weights.safetensors";
  const ModelFile model = write_small_model(weights);
  const std::string head = "data: {kind: gtsrb, root: nowhere, size: 64}\nffe: {weight_bits: 6}\n";
  write_text(folder / "bare.yaml", head);
  write_text(folder / "gone.yaml",
             head + "model: {pretrained: " + (folder / "no.safetensors").string() + "}\n");
  write_text(folder / "there.yaml", head + "model: {pretrained: " + weights.string() + "}\n");
  const LoadedDesign bare = load(folder / "bare.yaml");
  EXPECT_EQ(bare.kind, LoadedDesign::Kind::kConfig);
  EXPECT_TRUE(bare.design.assumed_weights);
  EXPECT_THAT(bare.design.source, AllOf(HasSubstr("bare.yaml"), HasSubstr("assumed weights, 50 % zeros"),
                                        HasSubstr("no pretrained weights")));
  EXPECT_EQ(bare.design.network.input_size, 64);
  EXPECT_EQ(bare.design.network.classes, 43);
  EXPECT_EQ(bare.design.quant[26], (ConvQuant{6, 8}));
  EXPECT_GE(2 * zeros(bare.design.weights[26]), bare.design.network.convs[26].weight_count());
  EXPECT_FALSE(bare.parameters);
  EXPECT_THAT(load(folder / "gone.yaml").design.source, HasSubstr("no.safetensors"));
  const LoadedDesign there = load(folder / "there.yaml");
  EXPECT_FALSE(there.design.assumed_weights);
  EXPECT_THAT(there.design.source, HasSubstr("weights.safetensors"));
  const auto expected = freeze_weights(model.network, model.parameters, there.design.quant, 14);
  for (size_t i = 0; i < 27; ++i) EXPECT_EQ(there.design.weights[i].codes, expected[i].codes) << i;
}

TEST(LoadDesign, WhatIsNoDesignIsOneSentence) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "empty");
  std::filesystem::create_directories(folder / "run/networks");
  EXPECT_THAT(error_of([&] { load(folder / "empty"); }),
              AllOf(HasSubstr("empty"), HasSubstr("no run with a finished network")));
  EXPECT_THAT(error_of([&] { load(folder / "run"); }), HasSubstr("no run with a finished network"));
  EXPECT_THAT(error_of([&] { load(folder / "none.safetensors"); }), HasSubstr("none.safetensors"));
  EXPECT_THAT(error_of([&] { load(folder / "none"); }), HasSubstr("none"));
  write_text(folder / "empty.safetensors", "");
  EXPECT_THAT(error_of([&] { load(folder / "empty.safetensors"); }), HasSubstr("empty.safetensors"));
  write_text(folder / "empty.bin", "");
  EXPECT_THAT(error_of([&] { load(folder / "empty.bin"); }), HasSubstr("empty.bin"));
  write_text(folder / "picture.jpg", "\xff\xd8\xff\xe0 not a network");
  EXPECT_THAT(error_of([&] { load(folder / "picture.jpg"); }), HasSubstr("picture.jpg"));
  write_text(folder / "bad.yaml", "model: {alpha: 3}\n");
  EXPECT_THAT(error_of([&] { load(folder / "bad.yaml"); }), HasSubstr("alpha"));
}

TEST(LoadDesign, BrokenNetworksAreOneSentence) {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  write_small_network(path, 4);
  const std::vector<uint8_t> whole = read_file(path);
  const auto cut = folder / "cut.safetensors";
  for (const size_t length : {size_t{0}, size_t{7}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    model_test::write_bytes(cut, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
    EXPECT_THAT(error_of([&] { load(cut); }), HasSubstr("cut.safetensors")) << length;
  }
  // No layers at all: a file with the right mark and nothing in it.
  write_safetensors(folder / "hollow.safetensors", {{}, {{"format", "fixynn-network"}}});
  EXPECT_THAT(error_of([&] { load(folder / "hollow.safetensors"); }), HasSubstr("hollow.safetensors"));
  write_safetensors(folder / "hollow2.safetensors", {{}, {{"format", "fixynn-model"}}});
  EXPECT_THAT(error_of([&] { load(folder / "hollow2.safetensors"); }), HasSubstr("hollow2.safetensors"));
}

TEST(LoadDesign, NaNWeightsAreNamed) {
  const TemporaryFolder folder;
  ModelFile model = write_small_model(folder / "model.safetensors");
  TensorFile file = model_to_tensors(model);
  const float nan = std::nanf("");
  std::memcpy(file.tensors.at("l02_pointwise.weight").bytes.data() + 12, &nan, sizeof nan);
  write_safetensors(folder / "nan.safetensors", file);
  EXPECT_THAT(error_of([&] { load(folder / "nan.safetensors"); }),
              AllOf(HasSubstr("nan.safetensors"), HasSubstr("l02_pointwise.weight")));
}

TEST(LoadDesign, BitsAreReadOrRefused) {
  const MobileNet network = make_mobilenet(0.25, 32, 5);
  const auto eight = parse_bits("8", network);
  EXPECT_EQ(eight, std::vector<ConvQuant>(27, {8, 8}));
  const auto list = parse_bits("8,4/6,2", network);
  EXPECT_EQ(list[0], (ConvQuant{8, 8}));
  EXPECT_EQ(list[1], (ConvQuant{4, 6}));
  EXPECT_EQ(list[2], (ConvQuant{4, 6}));  // both convolutions of a block
  EXPECT_EQ(list[3], (ConvQuant{2, 2}));
  EXPECT_EQ(list[26], (ConvQuant{2, 2}));
  for (const char* text : {"1", "9", "", "8,", ",8", "8/", "/8", "8/9", "8/1", "8.5", "eight", "8 6", "-4",
                           "08x", "8,8,8,8,8,8,8,8,8,8,8,8,8,8,8"}) {
    EXPECT_THAT(error_of([&] { parse_bits(text, network); }), HasSubstr("give weight bits")) << text;
  }
}

TEST(LoadDesign, SparsityOutsideTheShareIsRefused) {
  for (const double sparsity : {-0.1, 1.1, std::nan("")}) {
    EXPECT_THAT(error_of([&] { load("x", {}, sparsity); }), HasSubstr("sparsity"));
  }
}

}  // namespace
}  // namespace fixynn
