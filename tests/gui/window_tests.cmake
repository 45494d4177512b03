# The real window, on an X server of the test's own; skipped with a reason where Xvfb or xdotool is missing.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND AND TARGET fixynn-gui)
  set(window_test ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/window_test.py --bin ${PROJECT_BINARY_DIR})
  add_test(NAME gui_window_use COMMAND ${window_test})
  add_test(NAME gui_window_faults COMMAND ${window_test} --faults)
  # A software renderer and deadlines of seconds: not beside other tests.
  set_tests_properties(gui_window_use gui_window_faults PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300 RUN_SERIAL ON)
endif()
