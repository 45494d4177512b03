// SPDX-License-Identifier: Apache-2.0
#include "model/pretrained.h"

#include "model/fixtures.h"
#include "model/lite_fixture.h"
#include "model/model_file.h"

namespace fixynn {
namespace {

using model_test::tensor_values;
using testing::Contains;
using testing::HasSubstr;

class PretrainedTest : public testing::Test {
 protected:
  PretrainedTest() {
    source_.parameters = model_test::varied_parameters(source_.network, 8);
    write_model(path_, source_);
  }

  model_test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "weights.safetensors";
  ModelFile source_{make_mobilenet(0.25, 224, 7), {}, {}, false};
};

TEST_F(PretrainedTest, SameClassesTakeEverything) {
  const Pretrained result = load_pretrained(path_, make_mobilenet(0.25, 32, 7), 1);
  EXPECT_EQ(result.parameters.values, source_.parameters.values);
  EXPECT_EQ(result.parameters.statistics, source_.parameters.statistics);
  EXPECT_FALSE(result.batch_norm_folded);
  EXPECT_THAT(result.description, HasSubstr("weights.safetensors: fixynn model, alpha 0.25"));
  EXPECT_THAT(result.notes, Contains(HasSubstr("it will see 32 x 32")));
}

TEST_F(PretrainedTest, OtherClassesGetAFreshHead) {
  const MobileNet target = make_mobilenet(0.25, 32, 43);
  const Pretrained result = load_pretrained(path_, target, 5);
  const ModelParameters fresh = initialise_parameters(target, 5);
  for (const NamedTensor& tensor : named_tensors(target)) {
    const bool head = tensor.name.starts_with("head.");
    const std::vector<float> expected = head
                                            ? tensor_values(target, fresh, tensor.name)
                                            : tensor_values(source_.network, source_.parameters, tensor.name);
    EXPECT_EQ(tensor_values(target, result.parameters, tensor.name), expected) << tensor.name;
  }
  EXPECT_THAT(result.notes, Contains(HasSubstr("head for 43 classes is initialised afresh")));
}

TEST_F(PretrainedTest, OtherWidthIsAUsageErrorThatNamesBoth) {
  try {
    load_pretrained(path_, make_mobilenet(0.5, 32, 7), 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("alpha 0.25, the configuration asks for 0.5; set model.alpha: 0.25"));
  }
}

TEST_F(PretrainedTest, AHeadThatIsMissingIsNotTaken) {
  const MobileNet network = make_mobilenet(0.25, 64, 2);
  model_test::LiteFixture lite = model_test::lite_network(network, model_test::varied_parameters(network, 1));
  lite.operators.resize(28);
  model_test::write_bytes(folder_ / "x.tflite", lite.build());
  const Pretrained result = load_pretrained(folder_ / "x.tflite", network, 9);
  EXPECT_TRUE(result.batch_norm_folded);
  EXPECT_EQ(tensor_values(network, result.parameters, "head.weight"),
            tensor_values(network, initialise_parameters(network, 9), "head.weight"));
  EXPECT_THAT(result.notes, Contains(HasSubstr("the weights have none")));
}

}  // namespace
}  // namespace fixynn
