# Dear ImGui with its GLFW and OpenGL 3 backends: DearImGui::imgui (no window) and DearImGui::glfw_opengl3.
# First a CMake package of it (vcpkg's imgui with features glfw-binding, opengl3-binding, freetype), then a library
# and headers such as Debian's libimgui-dev installs, which holds backends and FreeType builder in one archive.
find_package(imgui CONFIG QUIET)
if(TARGET imgui::imgui)
  set(DearImGui_FOUND TRUE)
  set(DearImGui_VERSION "${imgui_VERSION}")
  if(NOT TARGET DearImGui::imgui)
    add_library(DearImGui::imgui INTERFACE IMPORTED)
    target_link_libraries(DearImGui::imgui INTERFACE imgui::imgui)
  endif()
else()
  find_path(DearImGui_INCLUDE_DIR imgui.h PATH_SUFFIXES imgui)
  find_path(DearImGui_BACKENDS_DIR imgui_impl_glfw.h PATH_SUFFIXES imgui/backends imgui)
  find_library(DearImGui_LIBRARY imgui)
  find_library(DearImGui_STB_LIBRARY stb)
  find_package(Freetype QUIET)
  if(DearImGui_INCLUDE_DIR AND EXISTS "${DearImGui_INCLUDE_DIR}/imgui.h")
    file(STRINGS "${DearImGui_INCLUDE_DIR}/imgui.h" version_line REGEX "define IMGUI_VERSION ")
    string(REGEX REPLACE ".*\"([^\"]*)\".*" "\\1" DearImGui_VERSION "${version_line}")
  endif()
  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(DearImGui
    REQUIRED_VARS DearImGui_LIBRARY DearImGui_INCLUDE_DIR DearImGui_BACKENDS_DIR Freetype_FOUND
    VERSION_VAR DearImGui_VERSION)
  if(DearImGui_FOUND AND NOT TARGET DearImGui::imgui)
    add_library(DearImGui::imgui STATIC IMPORTED)
    set_target_properties(DearImGui::imgui PROPERTIES
      IMPORTED_LOCATION "${DearImGui_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${DearImGui_INCLUDE_DIR};${DearImGui_BACKENDS_DIR}"
      INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${DearImGui_INCLUDE_DIR};${DearImGui_BACKENDS_DIR}")
    if(DearImGui_STB_LIBRARY)
      set_property(TARGET DearImGui::imgui APPEND PROPERTY INTERFACE_LINK_LIBRARIES "${DearImGui_STB_LIBRARY}")
    endif()
    set_property(TARGET DearImGui::imgui APPEND PROPERTY INTERFACE_LINK_LIBRARIES Freetype::Freetype ${CMAKE_DL_LIBS})
  endif()
endif()
if(DearImGui_FOUND AND NOT TARGET DearImGui::glfw_opengl3)
  find_package(glfw3 3.3 CONFIG QUIET)
  set(OpenGL_GL_PREFERENCE GLVND)
  find_package(OpenGL QUIET)
  if(TARGET glfw AND TARGET OpenGL::GL)
    add_library(DearImGui::glfw_opengl3 INTERFACE IMPORTED)
    # Debian's archive holds the backends too, so it comes before what they need.
    target_link_libraries(DearImGui::glfw_opengl3 INTERFACE DearImGui::imgui glfw OpenGL::GL)
  endif()
endif()
