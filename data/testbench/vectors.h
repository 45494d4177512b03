// SPDX-License-Identifier: Apache-2.0
// Reading of vectors/*.hex. A line is a number in hexadecimal, "//" begins a comment.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// The numbers of a file, each in `words_each` words of 32 bits, lowest first.
class HexFile {
 public:
  HexFile(const std::string& path, size_t words_each) : words_each_(words_each) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      std::printf("ERROR %s cannot be read; run in the folder that holds vectors\n", path.c_str());
      std::exit(2);
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      const bool comment = text.compare(begin, 2, "//") == 0;
      if (!comment && end > begin) add(&text[begin], &text[end]);
      begin = end + 1;
    }
  }

  size_t size() const { return words_.size() / words_each_; }
  const uint32_t* number(size_t index) const { return &words_[index * words_each_]; }

 private:
  void add(const char* begin, const char* end) {
    for (size_t i = 0; i < words_each_; ++i) {
      const char* first = end - begin > 8 ? end - 8 : begin;
      uint32_t word = 0;
      for (const char* c = first; c < end; ++c) word = word << 4 | digit(*c);
      words_.push_back(word);
      end = first;
    }
  }
  static uint32_t digit(char c) { return static_cast<uint32_t>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10); }

  size_t words_each_;
  std::vector<uint32_t> words_;
};
